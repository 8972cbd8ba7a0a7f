"""A run that diverges to finite numbers is told so at its end, and in its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auxgen.launch import train
from auxgen.report import write_report
from auxgen.runs.extremes import describe_extremes


def make_lines(**last: float) -> list[dict[str, Any]]:
    first = {"stage": "gan", "step": 1, "terms": dict.fromkeys(last, 1e9)}
    scores = {n: v for n, v in last.items() if n == "duplicates"}
    terms = {n: v for n, v in last.items() if n != "duplicates"}
    other = {"stage": "other", "step": 9, "terms": {"rate": 1e9}}
    return [first, {"stage": "gan", "terms": terms}, {"stage": "gan", "scores": scores}, other]


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ({"rate": 1200.0}, "the rate is 1,200 nats"),
        ({"rate": 1000.0}, ""),  # 64 entries of 24 bits are 1,065 nats
        ({"matching": -7e4}, "matching (-7e+04) is above 1,000 for each of the 64 entries"),
        ({"matching": 7e4, "denoiser": 9e4}, "denoiser (9e+04) and 1 other term are above"),
        ({"matching": 6e4, "gradient/g": 1e9, "loss/g": 1e9}, ""),
        ({"duplicates": 97.0}, "97 % of the samples are near copies"),
        ({"duplicates": 69.0}, ""),
        ({"rate": float("nan")}, ""),  # which ends training in other words
    ],
)
def test_what_is_far_from_ordinary_is_told(last: dict[str, float], words: str) -> None:
    found = describe_extremes(make_lines(**last), "gan", 64)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_it_is_told_kept_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = train("dfm.ring", run=tmp_path / "run", device="cpu", lr=5.0, steps=60)
    sentence = json.loads((run.path / "run.json").read_text())["cautions"]["dfm"]
    assert "training has probably diverged; train anew with a smaller learning rate" in sentence
    assert f"dfm: {sentence}" in capsys.readouterr().err
    page = write_report([run.path], tmp_path / "page.html").read_text()
    assert "training has probably diverged" in page


def test_an_ordinary_run_is_not_accused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = train("dfm.ring", run=tmp_path / "run", device="cpu", steps=60)
    assert "cautions" not in json.loads((run.path / "run.json").read_text())
    assert "diverged" not in capsys.readouterr().err
