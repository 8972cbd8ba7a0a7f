"""Faults of one kind at the events of a scenario, each judged: python -m faults.matrix JOB ...

A job is SCENARIO|KIND|EVERY|FIRST: faults at events FIRST, FIRST + EVERY, ... Printed is one JSON
object for each job.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from faults.laboratory import Laboratory
from faults.scenarios import REPRODUCED, SCENARIOS
from faults.shim import Fault


@dataclass
class Tally:
    """What became of faults of one kind.

    Attributes:
        scenario: What was going on.
        kind: The kind of fault.
        places: Places where it could happen: events of the undisturbed command, or bytes.
        tried: Faults.
        failed: For each that was not survived, its place and what was wrong.
        seconds: All took.
    """

    scenario: str
    kind: str
    places: int = 0
    tried: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0


def try_job(scenario: str, kind: str, every: int, first: int) -> Tally:
    """Faults of a kind at every `every`-th place of a scenario."""
    start, tally = time.monotonic(), Tally(scenario, kind)
    with tempfile.TemporaryDirectory(prefix="auxgen-faults-") as place:
        laboratory = Laboratory(SCENARIOS[scenario], Path(place))
        tally.places = laboratory.count_places(kind)
        for at in range(first, tally.places, every):
            wrong = laboratory.try_fault(Fault(kind, at))
            tally.tried += 1
            if wrong:
                tally.failed.append(f"{at}: {wrong}")
        os.chdir("/")
    tally.seconds = round(time.monotonic() - start, 1)
    return tally


def warm_up() -> None:
    """Import what children need, and let every experiment save often and take no time."""
    import torch
    import torch._dynamo  # torch.optim imports it in every child

    from auxgen import reproduction
    from auxgen.engine.settings import Engine

    def save_often(self: Engine) -> None:
        object.__setattr__(self, "save_every", 0.0)

    torch.set_num_threads(1)
    os.environ["AUXGEN_CACHE"] = "cache"  # in the folder whose events are counted
    Engine.__post_init__ = save_often
    reproduction.load_reproduction_maker = lambda name: lambda budget: REPRODUCED
    if os.environ.get("AUXGEN_FAULTS_BREAK"):
        write_without_care()


def write_without_care() -> None:
    """Let auxgen write files under their final names, and not wait for the disk."""
    from auxgen import files

    def replace_file(file: Path, content: Any) -> None:
        with file.open("wb") as out:
            out.write(content)

    files.replace_file = replace_file


def main(jobs: Sequence[str]) -> None:
    """Carry out jobs, and print what became of each."""
    warm_up()
    for job in jobs:
        scenario, kind, every, first = job.split("|")
        print(json.dumps(asdict(try_job(scenario, kind, int(every), int(first)))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
