"""Changed files and options, in one process: each is used, or refused in one sentence.

python benchmarks/fuzzing.py results/reliability.fuzzing.json --inputs 105000

Kinds: config.json and the header of model.safetensors of artefacts, run.json of runs, sheets of
labels beside pictures, tables as text, tables as parquet, feather and Excel, pictures, and options
of all experiments. An input is made from a valid one by a seed that its number gives, so that each
can be made again: --kind KIND --first N --inputs 1, and --again tries all faults of a record and
notes what comes of them. A fault is an exception that is no sentence, a sentence of several lines,
a file written outside the folder, a process, a connection, an import that the input chose, more
than 20 s of the processor, 2 GB more memory, or the end of the process.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("AUXGEN_CACHE", tempfile.mkdtemp(prefix="auxgen-fuzzing-cache-"))
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.pop("AUXGEN_DATA", None)

import numpy as np
import torch
from fuzzing_bases import COMMITTEE_ROWS, Bases, load_estimator, make_bases
from fuzzing_inputs import (
    HOSTILE_WORDS,
    SHARES,
    change_bytes,
    change_json,
    change_safetensors,
    make_frame_file,
    make_picture,
    make_table_text,
)

import auxgen
from auxgen import launch
from auxgen.cli.main import run_command
from auxgen.data.inputs import read_rows
from auxgen.data.user import load_image_folder, load_table
from auxgen.engine.device import describe_hardware
from auxgen.errors import UserError, find_full_memory
from auxgen.experiments import registry
from auxgen.experiments.option_values import list_options
from auxgen.files import compute_checksum, encode_json, read_json, write_file
from auxgen.runs.config import find_commit

SECONDS, BYTES = 20, 2 * 2**30
AT_ONCE = 500
"""Inputs that one child process tries; what kills it is a fault, and another goes on."""
FORBIDDEN = {"os.system", "subprocess.Popen", "os.posix_spawn", "os.exec", "socket.connect"}
CHOSEN_MODULES = {"antigravity", "this", "turtle", "os.system"}


class Fault(BaseException):
    """What must not happen, whatever the input is."""


class Reached(Exception):
    """Options were taken, and training would begin."""


@dataclass
class Guard:
    """Watches what Python does while an input is used; see `sys.addaudithook`."""

    folder: Path
    watches: bool = False
    seen: list[str] = field(default_factory=list)

    def notice(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.watches:
            return
        if event in FORBIDDEN and args[0] != "git":  # which is asked for the commit
            self.seen.append(f"{event} {args[:2]!r}")
        elif event == "import" and str(args[0]) in CHOSEN_MODULES:
            self.seen.append(f"import of {args[0]}")
        elif event == "open" and isinstance(args[0], str | bytes | os.PathLike):
            writes = isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            path = os.path.realpath(os.fsdecode(args[0]))
            cache, inside = os.environ["AUXGEN_CACHE"], str(self.folder)
            if writes and not path.startswith((inside, os.path.realpath(cache), "/dev/")):
                self.seen.append(f"wrote {path}")


def use_model(rng: Random, folder: Path, kind: str | None) -> None:
    """Load an artefact and use it: its draws, their classes, and one ability more."""
    if kind is not None and rng.random() < 0.5:
        estimator = load_estimator(kind, folder)
        rows = estimator.model_.sample(2).numpy() if kind != "committee" else COMMITTEE_ROWS
        estimator.predict(rows)
        return
    model = auxgen.load(folder)
    try:
        drawn = model.sample(2)
    except UserError:  # a committee and a classifier draw nothing
        shape = (2, *model.space.shape)
        drawn = torch.zeros(shape) if np.prod(shape) < 10**6 else torch.zeros(2, 3)
    if model.space.classes:
        model.predict(drawn, draws=1)
    abilities: tuple[Callable[[], object], ...] = (
        lambda: model.encode(drawn),
        lambda: model.reconstruct(drawn),
        lambda: model.log_prob_bound(drawn),
        lambda: model.interpolate(drawn, steps=2),
        lambda: model.fill(torch.where(torch.rand(drawn.shape) < 0.5, torch.nan, drawn), draws=1),
        lambda: model.edit(drawn, {"Round": 1.0}),
    )
    rng.choice(abilities)()


def use_config(rng: Random, bases: Bases, place: Path) -> None:
    source, kind = rng.choice(bases.artefacts)
    shutil.copytree(source, place / "m")
    estimator = kind is not None and rng.random() < 0.5
    file = "estimator.json" if estimator else "config.json"
    changed = change_json(rng, read_json(source / file, "artefact"))
    (place / "m" / file).write_bytes(changed)
    use_model(rng, place / "m", kind)


def use_safetensors(rng: Random, bases: Bases, place: Path) -> None:
    source, kind = rng.choice(bases.artefacts)
    shutil.copytree(source, place / "m")
    content = change_safetensors(rng, (source / "model.safetensors").read_bytes())
    (place / "m" / "model.safetensors").write_bytes(content)
    if rng.random() < 0.9:  # a stranger writes the checksum that fits
        config = read_json(source / "config.json", "artefact")
        config["sha256"] = compute_checksum(content)
        (place / "m" / "config.json").write_bytes(encode_json(config))
    use_model(rng, place / "m", kind)


def use_run(rng: Random, bases: Bases, place: Path) -> None:
    source = rng.choice(bases.runs)
    shutil.copytree(source, place / "run")
    file = rng.choice(("run.json", "run.json", "run.json", "metrics.jsonl"))
    if file == "run.json":
        changed = change_json(rng, read_json(source / file, "run"))
    else:
        changed = change_bytes(rng, (source / file).read_bytes())
    (place / "run" / file).write_bytes(changed)
    run, out = str(place / "run"), str(place / "out.csv")
    commands = (
        ["sample", run, "--n", "1", "--out", out],
        ["train", "--resume", run],
        ["report", run],
        ["evaluate", run],
    )
    slow = rng.random() < 0.06  # pictures and scores take a second, and those of moons a minute
    last = 3 if source.name == "stages-run" else 4
    run_command(list(rng.choice(commands[2:last] if slow else commands[:2])))


def use_sheet(rng: Random, bases: Bases, place: Path) -> None:
    shutil.copytree(bases.pictures, place / "pictures")
    name = rng.choice(("metadata.csv", "metadata.csv", "labels.csv"))
    (place / "pictures" / "metadata.csv").unlink()
    (place / "pictures" / name).write_bytes(make_table_text(rng, bases.sheet))
    label = rng.choice((None, None, "label", "Round", "file_name"))
    load_image_folder(place / "pictures", label=label, size=8)


def use_table(rng: Random, bases: Bases, place: Path) -> None:
    file = place / rng.choice(("t.csv", "t.csv", "t.tsv"))
    file.write_bytes(make_table_text(rng, bases.table))
    use_table_file(rng, bases, file)


def use_frame(rng: Random, bases: Bases, place: Path) -> None:
    suffix = rng.choice(("parquet", "parquet", "feather", "xlsx"))
    file = place / f"t.{suffix}"
    file.write_bytes(make_frame_file(rng, suffix))
    use_table_file(rng, bases, file)


def use_table_file(rng: Random, bases: Bases, file: Path) -> None:
    """Read a table as one to learn from, or as rows for a model."""
    if rng.random() < 0.5:
        load_table(file, label=rng.choice(("label", "label", None, "x")))
    else:
        model = bases.table_model
        model.predict(read_rows([file], model.space).x, draws=1)


def use_picture(rng: Random, bases: Bases, place: Path) -> None:
    suffix, content = make_picture(rng)
    file = place / f"p.{suffix}"
    file.write_bytes(content)
    model = bases.picture_model
    model.predict(read_rows([file], model.space, resize=rng.random() < 0.7).x, draws=1)


def use_options(rng: Random, bases: Bases, place: Path) -> None:
    entry = rng.choice(EXPERIMENTS)
    names = [
        f"--{name.replace('_', '-')}" for name in (option.name for option in list_options(entry))
    ]
    words: list[str] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        option = rng.choice((*names, "--device", "--precision", "--log", "--seed", "--nothing"))
        words += [option, *(rng.choice(HOSTILE_WORDS) for _ in range(rng.choice((0, 1, 1, 1, 2))))]
    try:
        run_command(["train", entry.name, "--run", str(place / "run"), *words])
    except (MemoryError, RuntimeError) as error:  # asked for; the command line answers these
        if not find_full_memory(error):
            raise
        raise UserError("The memory is full.") from error


KINDS: dict[str, Callable[[Random, Bases, Path], None]] = {
    "config.json": use_config,
    "model.safetensors": use_safetensors,
    "run.json": use_run,
    "sheet of labels": use_sheet,
    "table as text": use_table,
    "parquet, feather, Excel": use_frame,
    "picture": use_picture,
    "options": use_options,
}
EXPERIMENTS = [registry.find_experiment(name) for name in registry.list_experiments()]


def try_input(kind: str, rng: Random, bases: Bases, guard: Guard) -> str:
    """Make an input by what is drawn, and use it: "used" or "refused".

    Raises:
        Fault: Something else came of it.
    """
    with tempfile.TemporaryDirectory(dir=bases.folder, prefix="input-") as name, limit_time():
        place, out = Path(name), io.StringIO()
        guard.seen.clear()
        guard.watches = True
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                KINDS[kind](rng, bases, place)
            outcome = "used"
        except Reached:
            outcome = "used"
        except UserError as error:
            check_sentence(str(error))
            outcome = "refused"
        except OSError as error:  # the command line answers those of a file by a sentence
            if error.filename is None or not error.strerror:
                raise Fault(traceback.format_exc()) from None
            outcome = "refused"
        except SystemExit as error:
            if error.code not in (0, None):
                raise Fault(f"exit {error.code}: {out.getvalue()[-400:]}") from None
            outcome = "used"
        except Exception:
            raise Fault(traceback.format_exc()) from None
        finally:
            guard.watches = False
        if guard.seen:
            raise Fault("; ".join(guard.seen))
    return outcome


def check_sentence(text: str) -> None:
    """One line, that ends as a sentence."""
    if "\n" in text or "\x1b" in text or len(text) > 2000:
        raise Fault(f"no sentence: {text[:500]!r}")


@contextlib.contextmanager
def limit_time() -> Iterator[None]:
    """A fault after `SECONDS` of the processor."""

    def stop(number: int, frame: object) -> None:
        raise Fault(
            f"more than {SECONDS} s of the processor\n" + "".join(traceback.format_stack()[-6:])
        )

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def begin_no_training(*args: object, **options: object) -> None:
    raise Reached


def try_in_child(
    kind: str, numbers: range, bases: Bases, guard: Guard
) -> list[tuple[int, str, str]]:
    """Try inputs in a child process, up to one that ends it: numbers, outcomes, faults in words."""
    record = bases.folder / "record.jsonl"
    record.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            with record.open("w") as out:
                for number in numbers:
                    outcome, words = try_number(kind, number, bases, guard)
                    print(json.dumps([number, outcome, words]), file=out, flush=True)
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    tried = [tuple(json.loads(line)) for line in record.read_text().splitlines()]
    if len(tried) < len(numbers):
        words = f"the process ended with status {os.waitstatus_to_exitcode(status)}"
        tried.append((numbers[len(tried)], "fault", words))
    return tried


def try_number(kind: str, number: int, bases: Bases, guard: Guard) -> tuple[str, str]:
    """Try the input of a number: what came of it, and a fault in words."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        outcome = try_input(kind, Random(f"{kind} {number}"), bases, guard)
        grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory)
        if grown > BYTES:
            raise Fault(f"{grown / 1e9:.1f} GB more memory")
    except Fault as fault:
        return "fault", str(fault)
    return outcome, ""


def fuzz(
    counts: dict[str, int], folder: Path, first: int = 0
) -> tuple[dict[str, Counter[str]], list[dict[str, Any]]]:
    """Try so many inputs of each kind: what came of them, and the faults."""
    tempfile.tempdir = str(folder)
    bases, guard = make_bases(folder), Guard(folder)
    sys.addaudithook(guard.notice)
    found: dict[str, Counter[str]] = {kind: Counter() for kind in counts}
    faults: list[dict[str, Any]] = []
    create = launch.create_run
    for kind, count in counts.items():
        launch.create_run = begin_no_training if kind == "options" else create  # pyright: ignore
        start = os.times()
        left = range(first, first + count)
        while left:
            tried = try_in_child(kind, left[:AT_ONCE], bases, guard)
            for number, outcome, words in tried:
                found[kind][outcome] += 1
                if outcome == "fault":
                    faults.append({"kind": kind, "number": number, "fault": words[-1500:]})
                    print(kind, number, words[-1500:], file=sys.stderr, flush=True)
            left = range(tried[-1][0] + 1, left.stop)
        end = os.times()
        used = end.children_user + end.children_system - start.children_user - start.children_system
        found[kind]["processor seconds"] = round(used)
        print(kind, dict(found[kind]), flush=True)
    launch.create_run = create
    return found, faults


def try_faults_again(file: Path) -> int:
    """Try the faults of a record with the code of today, note what comes of each; those left."""
    known = read_json(file, "record")
    with tempfile.TemporaryDirectory(prefix="auxgen-fuzzing-") as folder:
        for fault in known["first faults"]:
            place = Path(folder) / str(fault["number"])
            place.mkdir()
            kind = fault["kind"]
            _, faults = fuzz({kind: 1}, place.resolve(), fault["number"])
            fault["since"] = {"outcome": "fault" if faults else "none", "commit": find_commit()}
            write_file(file, encode_json(known))
    return sum(fault["since"]["outcome"] == "fault" for fault in known["first faults"])


def main() -> None:
    """Try inputs of all kinds, or of one, and write what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--inputs", type=int, default=105_000)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="the faults of the record OUT alone")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_DATA, (3 * BYTES, 3 * BYTES))
    if chosen.again:
        sys.exit(1 if try_faults_again(chosen.out) else 0)
    shares = SHARES if chosen.kind is None else {chosen.kind: 1.0}
    counts = {kind: round(share * chosen.inputs) for kind, share in shares.items()}
    with tempfile.TemporaryDirectory(prefix="auxgen-fuzzing-") as folder:
        found, faults = fuzz(counts, Path(folder).resolve(), chosen.first)
    if chosen.out is not None:
        known = {
            "command": f"python benchmarks/fuzzing.py OUT --inputs {chosen.inputs}",
            "date": date.today().isoformat(),
            "hardware": describe_hardware("cpu"),
            "commit": find_commit(),
            "inputs": sum(counts.values()),
            "faults": len(faults),
            "kinds": {kind: dict(each) for kind, each in found.items()},
            "first faults": faults[:50],
        }
        write_file(chosen.out, encode_json(known))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
