"""A table is made of runs that are trained alike, and says how each was made."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from scipy.stats import ttest_rel

from auxgen import reproduction
from auxgen.engine.precision import RoundTimes
from auxgen.experiments.common import Means, Reproduction, TableRow
from auxgen.experiments.registry import list_experiments
from auxgen.files import read_json
from auxgen.reproduction import load_reproduction, measure_difference, reproduce
from auxgen.runs import runtime
from auxgen.runs.folder import Run
from auxgen.runs.metrics_file import MetricsFile

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


def test_a_trial_chooses_the_table(
    table: list[RoundTimes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Fresh seeds, a row of fewer runs, differences of what both rows have, and a logged term."""
    options = {"epochs": 0.02, "model": "m2", "hidden": 4, "latent": 2}
    row = partial(TableRow, experiment="adgm.half_moons", scores={"error": "m2/test_error"})
    tried = [row("wide", options={**options, "hidden": 6}), row("narrow", options=options)]
    seen: list[Means] = []

    def choose(means: Means) -> Reproduction:
        seen.append(means)
        once = row(
            "once", options={**options, "latent": 3}, seeds=1, terms={"loss": "m2/loss/model"}
        )
        rows, pairs = [tried[1], once], [("narrow", "once")]
        return Reproduction("A table", rows, seeds=2, first_seed=5, differences=pairs)

    made = Reproduction("Trials", tried, seeds=1, choose=choose)
    monkeypatch.setattr(reproduction, "load_reproduction_maker", lambda _: lambda _: made)
    folder = reproduce("a.table", out=tmp_path / "out", device="cpu", precision="32")
    told = [line for line in capsys.readouterr().err.splitlines() if ", each: " in line]
    assert [line.split()[1] for line in told] == [str(len(tried)), "3"]
    trials, found = read_json(folder / "trials.json", "table"), load_reproduction(folder)
    assert (trials["title"], trials["seeds"]) == ("Trials", [0])
    tried_means = {(r["name"], "error"): r["columns"]["error"]["mean"] for r in trials["rows"]}
    assert seen == [tried_means]
    assert found["seeds"] == [5, 6]
    assert [len(r["runs"]) for r in found["rows"]] == [2, 1]
    assert all(Run(folder / run).config["seed"] in (5, 6) for run in found["rows"][0]["runs"])
    (less,) = found["differences"]
    one, other = (r["columns"]["error"]["values"][0] for r in found["rows"])
    assert less["columns"]["error"]["values"] == [one - other]
    assert less["columns"]["error"]["half_interval"] is None
    loss = found["rows"][1]["columns"]["loss"]
    lines = MetricsFile(folder / found["rows"][1]["runs"][0] / "metrics.jsonl").read_lines()
    values = [
        line["terms"]["loss/model"] for line in lines if "loss/model" in line.get("terms", {})
    ]
    assert loss["mean"] == pytest.approx(sum(values) / len(values))


def test_a_difference_has_the_interval_of_a_paired_t_test() -> None:
    one, other = [3.0, 4.5, 2.0, 5.5], [1.0, 4.0, 1.5, 2.5]
    found = measure_difference([a - b for a, b in zip(one, other, strict=True)])
    interval = ttest_rel(one, other).confidence_interval(0.95)
    assert found["mean"] - found["half_interval"] == pytest.approx(interval.low)
    assert found["mean"] + found["half_interval"] == pytest.approx(interval.high)


def test_a_precision_can_be_fixed(table: list[RoundTimes], tmp_path: Path) -> None:
    given = {"seeds": 1, "out": tmp_path / "out", "device": "cpu", "quiet": True}
    (row,) = load_reproduction(reproduce("a.table", precision="32", **given))["rows"]
    assert row["made"][0]["precisions"] == {"m2": "32"}
    assert len(table) == 3


def test_runs_and_their_time_are_told_before_the_first(
    table: list[RoundTimes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del table
    reproduce("a.table", seeds=2, out=tmp_path / "out", device="cpu")
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == f"adgm.half_moons: 2 runs, each: {list_experiments()['adgm.half_moons'].time}"
