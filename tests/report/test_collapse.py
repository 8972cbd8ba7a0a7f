"""What a report says about mode collapse."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from auxgen.report import write_report


def run(folder: Path, watched: Mapping[str, Sequence[float]]) -> Path:
    """A run whose stage "gan" logged these scores at steps 600, 1200, ..."""
    folder.mkdir()
    steps = range(len(next(iter(watched.values()))))
    lines = [
        {
            "stage": "gan",
            "step": 600 * (i + 1),
            "scores": {name: each[i] for name, each in watched.items()},
        }
        for i in steps
    ]
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (folder / "run.json").write_text(json.dumps({"experiment": "dfm.ring"}))
    return folder


def page(*runs: Path) -> str:
    return write_report(runs, runs[0] / "report.html").read_text(encoding="utf-8")


def test_one_run_is_described_by_its_last_and_its_worst_values(tmp_path: Path) -> None:
    watched = {"duplicates": [0.5, 41.0, 2.0], "recall": [80.0, 12.5, 90.0]}
    text = page(run(tmp_path / "run", watched))
    assert "watched at 3 steps: at 1,800, 2.0 % of the samples in a batch are" in text
    assert "duplicates (at most 41.0 %, at step 1,200)" in text
    assert "recall is 90.0 % (at least 12.5 %, at step 1,200)" in text
    assert "far above the 1 % that real rows have" in text


def test_several_runs_are_described_by_name(tmp_path: Path) -> None:
    watched = {"duplicates": [0.5, 2.0], "recall": [80.0, 90.0]}
    text = page(run(tmp_path / "one", watched), run(tmp_path / "two", watched))
    assert "<li>one: Mode collapse was watched at 2 steps" in text
    assert "<li>two: Mode collapse was watched at 2 steps" in text


def test_a_run_that_was_not_watched_is_not_described(tmp_path: Path) -> None:
    text = page(run(tmp_path / "run", {"recall": [80.0, 90.0]}))
    assert "Mode collapse" not in text
