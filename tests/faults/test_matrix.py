"""Whatever happens to a command, nothing is lost or half, and all goes on to the same bits.

AUXGEN_FAULTS=FILE writes what was tried into a JSON file, which later runs of these tests add to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from faults.laboratory import AGAIN, SIZE_LIMIT, TOGETHER
from faults.record import record
from faults.scenarios import SCENARIOS
from faults.shim import KINDS
from laws import METHODS
from warm import run_python

SAMPLE = [
    "train sdgm|SIGKILL|37|5",
    "train sdgm|full disk|90|40",
    "train sdgm|SIGTERM|90|60",
    "train with looks|power cut|90|70",
    "predict|SIGKILL|4|3",
]
KINDS_OF_STAGES = (
    "train sdgm",
    "train stages that share networks",
    "train with looks",
    "train a table",
    "train photos, decoded first",
    "train fitted stages",
)
COMMANDS = ("evaluate", "report", "export", "predict", "embed", "sample", "fill")


def try_jobs(jobs: Sequence[str]) -> list[dict[str, Any]]:
    """What became of the faults of each job, tried by a process of its own."""
    done = run_python("-m", "faults.matrix", *jobs, limit=None)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(jobs: Sequence[str]) -> None:
    """Try the faults of jobs, record them, and expect that all are survived."""
    tallies = try_jobs(jobs)
    if os.environ.get("AUXGEN_FAULTS"):
        record(Path(os.environ["AUXGEN_FAULTS"]), tallies)
    assert all(tally["tried"] for tally in tallies)
    assert not [tally for tally in tallies if tally["failed"]]


def test_a_sample_of_faults_is_survived() -> None:
    check(SAMPLE)


def test_an_unprotected_write_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix fails where a file is not flushed, or written under its final name."""
    monkeypatch.setenv("AUXGEN_FAULTS_BREAK", "1")
    tallies = try_jobs(["predict|SIGKILL|9|2", "train sdgm|power cut|99|60"])
    assert all(tally["failed"] for tally in tallies)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, len(METHODS), 8))
def test_every_method_survives_a_kill(start: int) -> None:
    """At every 24th event, each method beginning with another one."""
    names = list(METHODS)[start : start + 8]
    check([f"train {name}|SIGKILL|24|{5 * (start + i) % 24}" for i, name in enumerate(names)])


@pytest.mark.slow
@pytest.mark.parametrize("scenario", KINDS_OF_STAGES)
def test_every_kind_of_stage_survives_every_kill(scenario: str) -> None:
    every = 1 if scenario == "train sdgm" else 4
    check([f"{scenario}|SIGKILL|{every}|0"])


@pytest.mark.slow
@pytest.mark.parametrize("scenario", KINDS_OF_STAGES)
def test_every_kind_of_stage_survives_every_kind_of_fault(scenario: str) -> None:
    others = [kind for kind in (*KINDS, AGAIN) if kind != "SIGKILL"]
    jobs = [f"{scenario}|{kind}|25|{3 * i}" for i, kind in enumerate(others)]
    check([*jobs, f"{scenario}|{TOGETHER}|1|0", f"{scenario}|{SIZE_LIMIT}|1500|1500"])


@pytest.mark.slow
@pytest.mark.parametrize("scenario", COMMANDS)
def test_every_command_survives_every_kind_of_fault_at_every_event(scenario: str) -> None:
    """Both processes of two that write the same new folder cannot end well."""
    jobs = [f"{scenario}|{kind}|1|0" for kind in KINDS]
    check([*jobs, f"{scenario}|{TOGETHER}|3|0"] if scenario != "export" else jobs)


@pytest.mark.slow
def test_a_reproduction_goes_on_where_it_was() -> None:
    check(["reproduce|SIGKILL|12|0", "reproduce|SIGINT|60|30", "reproduce|full disk|60|50"])


@pytest.mark.slow
def test_two_ranks_survive_the_loss_of_each() -> None:
    check(["train on two ranks|SIGKILL|24|0", "train on two ranks|SIGTERM|60|8"])


def test_every_scenario_is_tried() -> None:
    tried = {*KINDS_OF_STAGES, *COMMANDS, "reproduce", "train on two ranks"}
    assert tried | {f"train {name}" for name in METHODS} == SCENARIOS.keys()
