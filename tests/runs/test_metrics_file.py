"""The log of a run: lines are whole, and those of rounds that are played anew are dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auxgen.errors import NotSaved
from auxgen.runs import metrics_file
from auxgen.runs.metrics_file import MetricsFile


@pytest.fixture
def log(tmp_path: Path) -> MetricsFile:
    return MetricsFile(tmp_path / "metrics.jsonl")


def test_what_is_appended_is_read_less_a_line_that_was_cut_short(log: MetricsFile) -> None:
    assert log.read_lines() == []
    log.sync()  # of a file that is not there yet
    lines = [{"stage": "a", "step": step, "terms": {"x": 0.5}} for step in range(3)]
    for line in lines:
        log.append_line(line)
    log.sync()
    assert [json.loads(line) for line in log.file.read_text().splitlines()] == lines
    with log.file.open("a") as out:
        out.write('{"stage": "a", "st')
    assert log.read_lines() == lines


def list_log() -> list[dict[str, Any]]:
    """Two stages, each of four lines and an end."""
    numbers = [(stage, step) for stage in ("a", "b") for step in (2, 4, 6, 8)]
    lines: list[dict[str, Any]] = [{"stage": stage, "step": step} for stage, step in numbers]
    return [
        *lines[:4],
        {"stage": "a", "step": 8, "end": "done"},
        *lines[4:],
        {**lines[7], "end": ""},
    ]


@pytest.mark.parametrize("stage", ["a", "b", "c"])
@pytest.mark.parametrize("step", [0, 4, 5, 8])
def test_a_run_that_goes_on_drops_what_it_logs_anew_and_how_the_stage_ended(
    stage: str, step: int, log: MetricsFile
) -> None:
    for line in list_log():
        log.append_line(line)
    log.discard_after(stage, step)
    others = [line for line in list_log() if line["stage"] != stage]
    own = [o for o in list_log() if o["stage"] == stage and o["step"] <= step and "end" not in o]
    found = log.read_lines()
    assert [line for line in found if line["stage"] != stage] == others
    assert [line for line in found if line["stage"] == stage] == own
    assert found == [line for line in list_log() if line in found]  # in their order


@pytest.mark.parametrize("act", ["append_line", "sync"])
def test_a_log_that_cannot_be_written_is_told_in_a_sentence(
    act: str, log: MetricsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append_line({"stage": "a", "step": 1})

    def fill(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", fill)
    monkeypatch.setattr(metrics_file, "sync_to_disk", fill)
    with pytest.raises(NotSaved) as told:
        log.append_line({}) if act == "append_line" else log.sync()
    assert str(told.value) == f"{log.file} could not be written: no space is left."
