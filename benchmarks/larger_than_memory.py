"""Training on rows that do not fit in memory, beside the same training on rows that lie in it.

OMP_NUM_THREADS=1 python benchmarks/larger_than_memory.py > results/data.larger_than_memory.json

Random bytes are written as the cache keeps pictures, and random numbers as a .parquet file keeps a
table; then a VAE is trained for one pass, or for `--rounds`, by `auxgen.train`, in processes of
their own:

- disk: a set may take 0.25 GiB; the file is in nobody's memory when training begins (its pages are
  given back, and /proc/sys/vm/drop_caches is written where that is allowed).
- resident: the same rows are copied into memory before, and may take any amount of it.

The first may have `--limit` GiB of memory. Where this process may make a group of processes
(cgroup, version 1; as root), the kernel holds it to that, the pages of files that it reads and
writes counted in. Elsewhere a thread does: whenever more is resident, it gives the pages of mapped
files back to the system (MADV_PAGEOUT); if more is resident then, the process ends.

`--gib` is the size of both sets, `--small` takes seconds. The folder AUXGEN_CACHE needs room for
three of them. Linux alone.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from records import describe_run

import auxgen
from auxgen.builders import Recipe
from auxgen.data import user
from auxgen.data.batches import InMemoryBatches
from auxgen.data.cache import (
    UndecodedDataset,
    load_or_create_dataset,
    make_cache_file,
    make_undecoded_dataset,
)
from auxgen.data.dataset import Dataset, see_rows
from auxgen.data.fitting import fit_preprocessor
from auxgen.data.storage import limit_memory_for_rows
from auxgen.engine.settings import Engine, adam
from auxgen.files import get_cache_folder
from auxgen.stage import Stage

GIB, MIB = 2**30, 2**20
PICTURE = (3, 64, 64)
KINDS = ("pictures", "table")
COLUMNS = 256
BATCH = 100
MEMORY_FOR_ROWS = 0.25
GROUPS = Path("/sys/fs/cgroup/memory")
PAGEOUT = 21
"""Of madvise: give pages back now; those of files are read again when they are needed."""


def main() -> None:
    options = read_options()
    if options.run:
        print(json.dumps(run_one(options)))
        return
    found: dict[str, Any] = {}
    for kind in options.kinds:
        prepare = subprocess_of(options, kind, "prepare")
        for repeat in range(options.repeats):
            for way in ("disk", "resident"):
                found[f"{kind}, {way}, {repeat}"] = done = subprocess_of(options, kind, way)
                print(
                    f"{kind:10} {way:10} {done['rows_a_second']:10,.0f} rows a second, "
                    f"{done['mib_a_second']:6.1f} MiB; most resident "
                    f"{done['most_resident_gib']:.2f} GiB",
                    file=sys.stderr,
                    flush=True,
                )
        found[f"{kind}, file"] = prepare
    about = {
        **describe_run("larger_than_memory.py", "torch"),
        "limit_gib": options.limit,
    }
    ratios = {kind: compare(found, kind) for kind in options.kinds}
    print(json.dumps({**about, "disk_over_resident": ratios, "runs": found}, indent=2))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gib", type=float, default=6.0)
    parser.add_argument("--limit", type=float, default=2.0)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=10**9, help="At most; one pass by default.")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--run", nargs=2, metavar=("KIND", "WAY"))
    options = parser.parse_args()
    if options.small:
        options.gib, options.repeats = 0.08, 1
    return options


def compare(found: dict[str, Any], kind: str) -> dict[str, float]:
    """Speeds from disk over those of resident rows: of the clock and of the processor, medians."""
    ratios = {}
    for measure in ("rows_a_second", "rows_a_processor_second"):
        ways = {
            w: [r[measure] for n, r in found.items() if n.startswith(f"{kind}, {w}")]
            for w in ("disk", "resident")
        }
        ratios[measure] = float(np.median(ways["disk"]) / np.median(ways["resident"]))
    return ratios


def subprocess_of(options: argparse.Namespace, kind: str, way: str) -> dict[str, Any]:
    """What one run of this script in a process of its own measures."""
    names = ("gib", "limit", "hidden", "rounds")
    own = [word for name in names for word in (f"--{name}", str(getattr(options, name)))]
    done = subprocess.run(
        [sys.executable, __file__, *own, "--run", kind, way],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def run_one(options: argparse.Namespace) -> dict[str, Any]:
    kind, way = options.run
    if way == "prepare":
        return prepare_files(kind, options.gib)
    drop_page_cache()
    limit = options.limit if way == "disk" else float("inf")
    with Group(limit) as group, Watch(float("inf") if group.folder else limit) as watch:
        found = train(kind, way, options)
    return {
        **found,
        "limited_by": "nobody" if way != "disk" else "the kernel" if group.folder else "a thread",
        "most_resident_gib": watch.most if group.most is None else group.most,
        "most_anonymous_gib": watch.most_anonymous,
        "pages_given_back": watch.given_back,
    }


def prepare_files(kind: str, gib: float) -> dict[str, Any]:
    """Write the file, and read it once from the disk alone."""
    file = write_table(gib) if kind == "table" else (load_pictures(gib), find_picture_file(gib))[1]
    os.sync()
    drop_page_cache()
    begun = time.perf_counter()
    with file.open("rb", buffering=0) as stream:
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while stream.read(4 * MIB):
            pass
    size = file.stat().st_size
    return {"bytes": size, "disk_mib_a_second": size / MIB / (time.perf_counter() - begun)}


def find_picture_file(gib: float) -> Path:
    return make_cache_file("random", f"random {gib}", "").path


def load_pictures(gib: float) -> Dataset:
    """Random pictures of ten classes, sorted by class, from the cache."""
    rows = int(gib * GIB / np.prod(PICTURE))

    def draw() -> Iterator[np.ndarray]:
        source = np.random.Generator(np.random.SFC64(0))
        for start in range(0, rows, 1024):
            count = min(1024, rows - start)
            drawn = np.frombuffer(source.bytes(count * int(np.prod(PICTURE))), np.uint8)
            yield drawn.reshape(count, *PICTURE)

    def make() -> UndecodedDataset:
        y, classes = np.arange(rows) * 10 // rows, [str(c) for c in range(10)]
        return make_undecoded_dataset(draw(), (rows, *PICTURE), y, classes, "random")

    return load_or_create_dataset(make_cache_file("random", f"random {gib}", ""), make)


def write_table(gib: float) -> Path:
    """A .parquet file of float32 numbers, which in memory are so many GiB of float64."""
    import pyarrow as pa
    import pyarrow.parquet

    file = get_cache_folder() / f"random-{gib}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    rows, source = int(gib * GIB / 8 / COLUMNS), np.random.Generator(np.random.SFC64(0))
    names = [f"column{i}" for i in range(COLUMNS)]
    fields = [*((name, pa.float32()) for name in names), ("label", pa.int8())]
    with pyarrow.parquet.ParquetWriter(
        file, pa.schema(fields), use_dictionary=False, compression="none"
    ) as writer:
        for start in range(0, rows, 100_000):
            count = min(100_000, rows - start)
            drawn = source.standard_normal((COLUMNS, count), np.float32)
            label = source.integers(0, 2, count).astype(np.int8)
            writer.write_table(pa.table([*drawn, label], schema=pa.schema(fields)))
    return file


def train(kind: str, way: str, options: argparse.Namespace) -> dict[str, Any]:
    """One pass of a VAE; seconds of reading and preparing rows, and of the rounds."""
    begun = time.perf_counter()
    gib = MEMORY_FOR_ROWS if options.gib > 1 else 1 / 16
    with limit_memory_for_rows(gib):
        data = load_pictures(options.gib) if kind == "pictures" else load_table(options.gib)
        space = fit_preprocessor(data, standardise=kind == "table")
        x = data.x.flatten(1) if kind == "pictures" else see_rows(data, space)
    if way == "disk":
        give_back_pages()
        drop_page_cache()
    else:
        x, gib = x.clone(), 1e6
    with limit_memory_for_rows(gib):
        batches = Clock(InMemoryBatches(x, BATCH, 0))
    prepared = time.perf_counter() - begun
    steps = min(options.rounds, len(x) // BATCH)
    recipe = Recipe(
        "vae",
        {"x": x.shape[1], "hidden": [options.hidden], "z": 16, "likelihood": "gaussian_fixed"},
    )
    stage = Stage(
        recipe.build(), batches, Engine(steps, adam(1e-3), save_every=1e9), {}, recipe=recipe
    )
    with tempfile.TemporaryDirectory() as folder:
        auxgen.train(
            {"vae": stage},
            run=Path(folder) / "run",
            device="cpu",
            precision="32",
            quiet=True,
            memory_for_rows=gib,
        )
    seconds, processor = batches.measure(steps)
    rows = (steps - 1) * BATCH
    return {
        "rows": len(x),
        "gib": x.numel() * x.element_size() / GIB,
        "prepared_in_seconds": prepared,
        "rows_a_second": rows / seconds,
        "rows_a_processor_second": rows / processor,
        "mib_a_second": rows / seconds * x[0].numel() * x.element_size() / MIB,
    }


def load_table(gib: float) -> Dataset:
    return user.load_table(get_cache_folder() / f"random-{gib}.parquet", label="label")


class Clock:
    """Batches that note when the first of each step was asked for."""

    def __init__(self, batches: InMemoryBatches) -> None:
        self.batches, self.stream = batches, batches.stream
        self.times: dict[int, tuple[float, float]] = {}

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> torch.Tensor:
        self.times.setdefault(step, (time.perf_counter(), time.process_time()))
        return self.batches(step, rank, ranks, device)

    def measure(self, steps: int) -> tuple[float, float]:
        """Seconds of the clock and of the processor from step 0 to the last one."""
        first, last = self.times[0], self.times[steps - 1]
        return last[0] - first[0], last[1] - first[1]


class Group:
    """A group of this process alone that the kernel holds to a limit of memory, if it may be made.

    Attributes:
        folder: Where the kernel shows it; None if there is none.
        most: GiB that it had at most, with pages of files; None before the end.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.folder: Path | None = None
        self.most: float | None = None

    def __enter__(self) -> Group:
        if self.limit < float("inf"):
            folder = GROUPS / f"auxgen-{os.getpid()}"
            with suppress(OSError):
                folder.mkdir()
                (folder / "memory.limit_in_bytes").write_text(str(int(self.limit * GIB)))
                (folder / "cgroup.procs").write_text(str(os.getpid()))
                self.folder = folder
        return self

    def __exit__(self, *error: object) -> None:
        if self.folder:
            self.most = int((self.folder / "memory.max_usage_in_bytes").read_text()) / GIB
            (GROUPS / "cgroup.procs").write_text(str(os.getpid()))
            self.folder.rmdir()


class Watch:
    """Holds this process to a resident memory, and notes the most that it had."""

    def __init__(self, limit: float) -> None:
        self.limit, self.most, self.most_anonymous, self.given_back = limit, 0.0, 0.0, 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        self.thread.join()

    def look(self) -> None:
        while not self.ended.wait(0.02):
            resident, anonymous = read_resident()
            if resident > 0.85 * self.limit:
                give_back_pages()
                self.given_back += 1
                resident, anonymous = max(resident, read_resident()[0]), read_resident()[1]
                if read_resident()[0] > self.limit:
                    print(f"{read_resident()} GiB are resident", file=sys.stderr)
                    os._exit(1)
            self.most, self.most_anonymous = (
                max(self.most, resident),
                max(self.most_anonymous, anonymous),
            )


def read_resident() -> tuple[float, float]:
    """GiB of resident memory, and of that what is no page of a file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    known = {
        line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "RssA"))
    }
    return int(known["VmRSS"]) / 2**20, int(known["RssAnon"]) / 2**20


def give_back_pages() -> None:
    """Give the pages of mapped files of rows back to the system."""
    libc = ctypes.CDLL(None)
    for line in Path("/proc/self/maps").read_text().splitlines():
        words = line.split()
        start, stop = (int(word, 16) for word in words[0].split("-"))
        if len(words) > 5 and words[4] != "0" and stop - start > MIB and ".so" not in line:
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(stop - start), PAGEOUT)


def drop_page_cache() -> None:
    with suppress(OSError):
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("1")


if __name__ == "__main__":
    main()
