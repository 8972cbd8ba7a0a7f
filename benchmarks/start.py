"""How long a person waits for the command to begin: help, a list, an import and a prediction.

OMP_NUM_THREADS=1 python benchmarks/start.py > results/start.json

The four take turns, and the medians stand: seconds of the processor, which other programs disturb
little, and seconds by the clock, which they lengthen. The model that predicts is trained here, on a
table that is made up. A minute on an idle machine.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from auxgen.engine.device import describe_hardware
from auxgen.runs.config import find_commit

REPEATS = 5
TARGETS = {
    "auxgen --help": 0.15,
    "auxgen experiments": 1.0,
    "import auxgen, beyond import torch": 0.1,
    "auxgen predict, 10 rows of a table": 3.0,
}
"""Seconds of the processor that each may take."""
AUXGEN = (sys.executable, "-m", "auxgen")


class Seconds(NamedTuple):
    """How long a process took, by its processor and by the clock."""

    processor: float
    clock: float


def time_process(command: Sequence[str]) -> Seconds:
    """Run a command to its end; a failure of it is an error here."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    clock = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return Seconds(user + system, clock)


def write_rows(file: Path, rows: int, labelled: bool) -> None:
    """Write a table of two groups of rows: six numbers, a text and, where asked for, a label."""
    generator = random.Random(rows)
    lines = ["a,b,c,d,e,f,colour" + ",label" * labelled]
    for i in range(rows):
        numbers = [f"{generator.gauss(1.5 - 3 * (i % 2), 1):.3f}" for _ in range(6)]
        colour = generator.choice(("green", "red"))
        lines.append(",".join([*numbers, colour, *(["no", "yes"][i % 2 : i % 2 + 1] * labelled)]))
    file.write_text("\n".join(lines) + "\n")


def make_commands(folder: Path) -> dict[str, tuple[str, ...]]:
    """Train a small model in a folder; returns what is timed, by name."""
    table, rows, run = folder / "table.csv", folder / "rows.csv", folder / "run"
    write_rows(table, 200, labelled=True)
    write_rows(rows, 10, labelled=False)
    given = ("--data", str(table), "--label", "label", "--run", str(run), "--steps", "50")
    time_process((*AUXGEN, "train", "adgm.own", *given))
    return {
        "auxgen --help": (*AUXGEN, "--help"),
        "auxgen experiments": (*AUXGEN, "experiments"),
        "import torch": (sys.executable, "-c", "import torch"),
        "import torch and auxgen": (sys.executable, "-c", "import torch, auxgen"),
        "auxgen predict, 10 rows of a table": (*AUXGEN, "predict", str(run), str(rows)),
    }


def summarise(found: Mapping[str, Sequence[Seconds]]) -> dict[str, dict[str, float]]:
    """Medians of each, what `import auxgen` adds to torch round by round, and the targets."""
    with_torch, torch = found["import torch and auxgen"], found["import torch"]
    added = [
        Seconds(*(b - a for a, b in zip(*each, strict=True)))
        for each in zip(torch, with_torch, strict=True)
    ]
    every = {**found, "import auxgen, beyond import torch": added}
    return {
        name: {
            "processor": round(median(each.processor for each in times), 3),
            "clock": round(median(each.clock for each in times), 3),
            **({"at_most": TARGETS[name]} if name in TARGETS else {}),
        }
        for name, times in every.items()
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        commands = make_commands(Path(folder))
        found: dict[str, list[Seconds]] = {name: [] for name in commands}
        for i in range(REPEATS + 1):
            for name, command in commands.items():
                seconds = time_process(command)
                if i:  # nobody's first start is timed: files are read from the disk
                    found[name].append(seconds)
    about = {
        "command": "python benchmarks/start.py",
        "hardware": describe_hardware("cpu"),
        "processes_that_wanted_a_core": round(os.getloadavg()[0], 1),
        "cores": os.cpu_count(),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "python": sys.version.partition(" ")[0],
        "versions": {name: version(name) for name in ("torch", "pandas", "tyro")},
    }
    print(json.dumps({**about, "seconds": summarise(found)}, indent=2))


if __name__ == "__main__":
    main()
