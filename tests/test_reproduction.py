"""A table is made of runs that are trained alike, and says how each was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxgen import reproduction
from auxgen.engine.precision import RoundTimes
from auxgen.experiments.common import Reproduction, TableRow
from auxgen.reproduction import load_reproduction, reproduce
from auxgen.runs import runtime

MADE = ("hardware", "started", "commit", "precisions")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> list[RoundTimes]:
    """A table of one short run a seed, on a machine whose round times are those of the list."""
    times = [RoundTimes(2.0, 1.0), RoundTimes(1.0, 2.0), RoundTimes(1.0, 2.0)]
    options = {"epochs": 0.02, "model": "m2", "hidden": 4, "latent": 2}
    row = TableRow("M2", "adgm.half_moons", {"error": "m2/test_error"}, options, {}, {"error": 0.0})
    made = Reproduction("A table", [row])
    monkeypatch.setattr(reproduction, "load_reproduction_maker", lambda _: lambda _: made)
    monkeypatch.setattr(reproduction, "draw_pictures", lambda _: [])
    monkeypatch.setattr(runtime, "MIN_STEPS", 1)
    monkeypatch.setattr(runtime, "find_round_times", lambda *_, **__: times.pop(0))
    return times


def test_all_seeds_share_what_was_measured_for_the_first(
    table: list[RoundTimes], tmp_path: Path
) -> None:
    given = {"seeds": 2, "out": tmp_path / "out", "device": "cpu", "quiet": True}
    (row,) = load_reproduction(reproduce("a.table", **given))["rows"]
    assert [made["precisions"] for made in row["made"]] == [{"m2": "bf16"}] * 2
    assert len(table) == 2
    error = row["columns"]["error"]
    assert (error["failed_above"], error["failed_runs"]) == (0.0, 2)  # no run is without error
    assert all(made.keys() == set(MADE) for made in row["made"])
    given["seeds"] = 3  # later runs too
    (row,) = load_reproduction(reproduce("a.table", **given))["rows"]
    assert [made["precisions"] for made in row["made"]] == [{"m2": "bf16"}] * 3


def test_a_precision_can_be_fixed(table: list[RoundTimes], tmp_path: Path) -> None:
    given = {"seeds": 1, "out": tmp_path / "out", "device": "cpu", "quiet": True}
    (row,) = load_reproduction(reproduce("a.table", precision="32", **given))["rows"]
    assert row["made"][0]["precisions"] == {"m2": "32"}
    assert len(table) == 3
