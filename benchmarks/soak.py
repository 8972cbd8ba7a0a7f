"""Hours of work in two processes: do memory, handles and folders stay as they are?

python benchmarks/soak.py results/reliability.soak.json --run RUN --hours 2 -- \\
    auxgen train NAME --run RUN --seed 0

One process trains by the command given, with checkpoints, log and monitor. The other is used as a
notebook or a page is: it loads models of a table and of pictures that it trained, predicts, fills,
samples, edits, interpolates, writes files by commands, fits an estimator, and is given rows that it
must refuse; then it rests twice as long as it worked. Once a minute both are looked at from
outside: memory that is resident, handles (files and sockets that are open), threads, and what their
folders hold, the log apart, as it grows with what is logged. `flat` is told by the first half
after a time to settle, and the last half.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from auxgen.engine.device import describe_hardware
from auxgen.files import encode_json, write_file
from auxgen.runs.config import find_commit

SETTLED = 0.1
"""Share of the time that is left out: memory grows while a process begins."""
MEASURES = ("resident_mb", "handles", "threads", "folder_mb", "files")


@dataclass(frozen=True)
class Look:
    """A process and its folder at a time."""

    seconds: int
    resident_mb: float
    handles: int
    threads: int
    folder_mb: float
    files: int


def look_at(process: int, folder: Path, since: float) -> Look:
    """Read a process's memory, handles and threads from /proc, and what its folder holds."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    words = dict(line.split(":", 1) for line in status)
    size, files = measure_folder(folder)
    return Look(
        seconds=round(time.monotonic() - since),
        resident_mb=round(int(words["VmRSS"].split()[0]) / 1024, 1),
        handles=len(os.listdir(f"/proc/{process}/fd")),
        threads=int(words["Threads"]),
        folder_mb=round(size / 1e6, 3),
        files=files,
    )


def measure_folder(folder: Path) -> tuple[int, int]:
    """Bytes and number of a folder's files, the log left out."""
    size = count = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            if path.is_file() and path.name != "metrics.jsonl":
                size, count = size + path.stat().st_size, count + 1
    return size, count


def summarise(looks: Sequence[Look]) -> dict[str, dict[str, float]]:
    """Medians of each measure in the two halves after the settling, and the most there was."""
    settled = looks[int(len(looks) * SETTLED) :]
    middle = len(settled) // 2
    found = {}
    for name in MEASURES:
        values = [getattr(look, name) for look in settled]
        found[name] = {
            "first half": median(values[:middle]),
            "last half": median(values[middle:]),
            "most": max(values),
        }
    return found


def use_models(folder: Path) -> None:
    """Use models for ever; after each pass a line tells how many there were."""
    import auxgen
    from auxgen import launch

    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)) + np.arange(200)[:, None] % 2 * 3
    table, photos = folder / "table.csv", folder / "photos"
    write_table(table, x)
    write_photos(photos, rng)
    own = {"data": str(table), "label": "label", "steps": 60}
    rows = launch.train("adgm.own", run=folder / "rows", quiet=True, **own)
    small = {
        "data": str(photos),
        "size": 32,
        "widths": (8, 16, 16),
        "model": "vac",
        "vac_epochs": 6.0,
    }
    small["least_steps"] = 0
    faces = launch.train("introvac.own", run=folder / "faces", quiet=True, **small)
    pixels = np.stack([np.asarray(Image.open(f)) for f in sorted(photos.glob("*.png"))[:4]])
    pixels = np.moveaxis(pixels, -1, 1) / 255
    passes = 0
    while True:
        start = time.monotonic()
        model = auxgen.load(rows.path)
        model.predict(x, draws=10, bound=True)
        model.sample(20)
        model.fill(np.where(rng.random(x.shape) < 0.2, np.nan, x)[:20], draws=20)
        edit_pictures(auxgen.load(faces.path), pixels)
        run_commands(rows.path, table, folder)
        fit_estimator(x, seed=passes)
        passes += 1
        print(passes, flush=True)
        time.sleep(2 * (time.monotonic() - start))


def write_table(file: Path, x: np.ndarray) -> None:
    lines = ["a,b,c,label"]
    for i, row in enumerate(x.tolist()):
        label = ("low", "high")[i % 2] if i < 60 else ""
        lines.append(",".join([*(f"{v:.4f}" for v in row), label]))
    file.write_text("\n".join(lines) + "\n")


def write_photos(folder: Path, rng: np.random.Generator) -> None:
    """Pictures of noise, dark or bright, with a sheet of two attributes."""
    folder.mkdir()
    lines = ["file_name,bright,warm"]
    for i in range(80):
        pixels = rng.integers(0, 128, (32, 32, 3)) + 100 * (i % 2)
        pixels[..., 0] += 20 * (i // 2 % 2)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{i:03}.png")
        lines.append(f"{i:03}.png,{i % 2},{i // 2 % 2}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")


def edit_pictures(model, pixels: np.ndarray) -> None:
    model.edit(pixels, {"bright": 1.0})
    model.interpolate(pixels, steps=3)
    model.reconstruct(pixels)


def run_commands(run: Path, table: Path, folder: Path) -> None:
    """Commands as they are typed, and two that must be refused."""
    from auxgen.cli.main import run_command
    from auxgen.errors import InputError

    out = folder / "predicted.csv"
    out.unlink(missing_ok=True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run_command(["predict", str(run), str(table), "--out", str(out)])
        run_command(["report", str(run)])
        for wrong in (
            ["predict", str(run), str(folder / "photos")],
            ["sample", str(run), "--n", "-1"],
        ):
            try:
                run_command(wrong)
            except InputError:
                continue
            raise SystemExit(f"{wrong} was not refused.")


def fit_estimator(x: np.ndarray, seed: int) -> None:
    from auxgen.estimators import SemiSupervisedClassifier

    y = np.where(np.arange(len(x)) < 20, np.arange(len(x)) % 2, -1)
    model = SemiSupervisedClassifier("m2", steps=10, random_state=seed)
    model.fit(x, y).predict(x)


def main() -> None:
    """Start both processes, look at them, end them, and write what was seen."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--run", type=Path, required=True, help="the folder that the command makes")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between looks")
    parser.add_argument("command", nargs="+", help="what trains, after --")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        used, passes = Path(name) / "used", Path(name) / "passes"
        used.mkdir()
        again = [sys.executable, __file__, "--use", str(used)]
        with passes.open("w") as counted:
            children = {
                "training": (subprocess.Popen(chosen.command), chosen.run),
                "use": (subprocess.Popen(again, stdout=counted), used),
            }
            try:
                for looks in watch(children, chosen.hours * 3600, chosen.every):
                    done = passes.read_text().split()
                    write_results(chosen, looks, int(done[-1]) if done else 0)
            finally:
                for process, _ in children.values():
                    process.terminate()
                    process.wait()


def write_results(
    chosen: argparse.Namespace, looks: Mapping[str, Sequence[Look]], passes: int
) -> None:
    """What was seen until now."""
    hours = chosen.hours
    words = " ".join(chosen.command).replace(str(chosen.run), "RUN")
    known = {
        "command": f"python benchmarks/soak.py OUT --hours {hours:g} --run RUN -- {words}",
        "date": date.today().isoformat(),
        "hardware": describe_hardware("cpu"),
        "commit": find_commit(),
        "hours": round(looks["training"][-1].seconds / 3600, 3),
        "passes": passes,
        "measures": list(Look.__annotations__),
        "processes": {name: summarise(each) for name, each in looks.items() if len(each) > 3},
        "looks": {
            name: [list(asdict(one).values()) for one in each] for name, each in looks.items()
        },
    }
    write_file(chosen.out, encode_json(known))


def watch(
    children: Mapping[str, tuple[subprocess.Popen[bytes], Path]], seconds: float, every: float
) -> Iterator[Mapping[str, Sequence[Look]]]:
    """The looks at each process so far, after each of them, until the time is over.

    Raises:
        SystemExit: One of them has ended before.
    """
    looks: dict[str, list[Look]] = {name: [] for name in children}
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        time.sleep(every)
        for name, (process, folder) in children.items():
            if process.poll() is not None:
                raise SystemExit(f"{name} ended with {process.returncode}.")
            looks[name].append(look_at(process.pid, folder, start))
        yield looks


if __name__ == "__main__":
    if sys.argv[1:2] == ["--use"]:
        use_models(Path(sys.argv[2]))
    else:
        main()
