"""Changed files and options are used or refused: a sample of what the benchmark tries."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmark_modules import import_benchmark

ROOT = Path(__file__).parents[1]


@pytest.fixture
def fuzzing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module; what it sets for its own process is as before afterwards."""
    monkeypatch.setenv("AUXGEN_CACHE", os.environ["AUXGEN_CACHE"])
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    monkeypatch.delenv("AUXGEN_DATA", raising=False)
    with import_benchmark("fuzzing") as module:
        yield module


@pytest.mark.filterwarnings("ignore")  # foreign readers warn of damaged files
def test_a_sample_of_every_kind_is_used_or_refused(fuzzing: Any, tmp_path: Path) -> None:
    counts = {kind: 5 if kind == "run.json" else 40 for kind in fuzzing.KINDS}
    found, faults = fuzzing.fuzz(counts, tmp_path.resolve())
    assert faults == []
    for kind, count in counts.items():
        assert found[kind]["used"] + found[kind]["refused"] == count
    assert sum(each["used"] > 0 for each in found.values()) >= 6  # not all is refused at the door


def test_what_must_not_happen_is_noticed(
    fuzzing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    inside.mkdir()

    def write_outside(rng: Any, bases: Any, place: Path) -> None:
        outside.write_text("x")

    def raise_a_bug(rng: Any, bases: Any, place: Path) -> None:
        raise KeyError("x")

    def say_two_lines(rng: Any, bases: Any, place: Path) -> None:
        raise sentence

    def end_the_process(rng: Any, bases: Any, place: Path) -> None:
        os.kill(os.getpid(), 9)

    sentence = fuzzing.UserError("x")
    sentence.args = ("two\nlines",)
    kinds = {"writes": write_outside, "bug": raise_a_bug, "lines": say_two_lines}
    kinds["ends"] = end_the_process
    monkeypatch.setattr(fuzzing, "KINDS", kinds)
    _, faults = fuzzing.fuzz(dict.fromkeys(kinds, 2), inside.resolve())
    assert [(fault["kind"], fault["number"]) for fault in faults] == [
        (kind, number) for kind in kinds for number in (0, 1)
    ]
    assert faults[-1]["fault"].endswith("status -9")
    assert "wrote" in faults[0]["fault"]
