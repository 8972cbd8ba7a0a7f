"""A run on a table that diverges names the column that is to blame, and accuses no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auxgen.data.user import load_table
from auxgen.errors import Diverged
from auxgen.experiments.adgm.own import build_own_stage
from auxgen.experiments.adgm.plans import OWN_PLAN
from auxgen.launch import train
from auxgen.networks.distributions import skip_argument_checks
from auxgen.stage import Stage

NAMES = ("height", "width", "mass =1", "age")
BLAMED = "is to blame"


@pytest.fixture(autouse=True)
def as_people_run_it() -> Iterator[None]:
    """Distributions that do not check their parameters, as outside of tests."""
    with skip_argument_checks():
        yield


def build_stage(folder: Path, *, lr: float = 1e-3, model: str = "sdgm", steps: int = 30) -> Stage:
    """A small model of a table of four numbers, a category and a label."""
    rng, y = np.random.default_rng(0), np.arange(80) % 2
    rows = pd.DataFrame(rng.normal(size=(80, 4)) + y[:, None], columns=list(NAMES))
    rows["site"] = np.where(rng.random(80) < 0.5, "east", "west")
    rows["kind"] = np.where(np.arange(80) < 40, np.where(y, "a", "b"), "")
    rows.to_csv(folder / "table.csv", index=False)
    found = load_table(folder / "table.csv", label="kind")
    small: dict[str, Any] = {"model": model, "hidden": 8, "latent": 2, "batch": 20}
    plan = replace(OWN_PLAN, lr=lr, steps=steps, **small)
    return build_own_stage(found, found[found.y >= 0], plan, 0)


def poison(stage: Stage, places: dict[int, float]) -> None:
    """Values far beyond all others in some columns, as no scaling would leave them."""
    batches: Any = stage.batches
    for place, value in places.items():
        batches.x_unlabelled[7, place] = value


def train_until_it_diverges(stage: Stage, run: Path) -> str:
    with pytest.raises(Diverged) as diverged:
        train({"model": stage}, run=run, device="cpu", quiet=True)
    return str(diverged.value)


@pytest.mark.parametrize("model", ["sdgm", pytest.param("adgm", marks=pytest.mark.slow), "m2"])
@pytest.mark.parametrize(("place", "value"), [(0, 1e38), (1, -1e25), (2, float("inf")), (3, 3e30)])
def test_the_one_column_that_makes_a_run_diverge_is_named(
    place: int, value: float, model: str, tmp_path: Path
) -> None:
    stage = build_stage(tmp_path, model=model)
    poison(stage, {place: value})
    told = train_until_it_diverges(stage, tmp_path / "run")
    assert f"the column {NAMES[place]!r} {BLAMED}, in row 8 of table.csv (its value" in told
    assert f"--drop {NAMES[place]!r}" in told
    assert "smaller learning rate" not in told


@pytest.mark.parametrize("when", [0, 12])
def test_it_is_named_whenever_it_comes(when: int, tmp_path: Path) -> None:
    stage = build_stage(tmp_path)
    kept = stage.batches

    def batches(step: int, *rest: Any) -> Any:
        batch: Any = kept(step, *rest)
        if step >= when:
            batch.x_unlabelled[3, 1] = 1e30
        return batch

    stage = replace(stage, batches=batches, engine=replace(stage.engine, log_every=5))
    assert f"'width' {BLAMED}" in train_until_it_diverges(stage, tmp_path / "run")


@pytest.mark.parametrize("lr", [1e3, 1e10, 1e30])
def test_no_column_is_accused_where_the_learning_rate_is_to_blame(
    lr: float, tmp_path: Path
) -> None:
    told = train_until_it_diverges(build_stage(tmp_path, lr=lr, steps=300), tmp_path / "run")
    assert BLAMED not in told
    assert "try a smaller learning rate" in told
    assert "in a new run" in told
    assert "no single row of the batch is the cause" in told


@pytest.mark.parametrize("places", [(0, 2), (0, 1, 2, 3)])
def test_no_column_is_accused_where_several_are(places: tuple[int, ...], tmp_path: Path) -> None:
    stage = build_stage(tmp_path)
    poison(stage, dict.fromkeys(places, 1e38))
    told = train_until_it_diverges(stage, tmp_path / "run")
    assert "the column" not in told
    assert f"row 8 of table.csv {BLAMED}: without it" in told


def test_rows_that_are_no_table_have_no_columns_to_accuse(tmp_path: Path) -> None:
    stage = build_stage(tmp_path)
    poison(stage, {0: 1e38})
    told = train_until_it_diverges(replace(stage, data={}), tmp_path / "run")
    assert "the column" not in told
    assert f"row 8 of the training rows {BLAMED}" in told


def test_a_monitor_does_not_blame_rows_for_a_state_that_is_not_finite(tmp_path: Path) -> None:
    """Measures refuse rows that are not finite, and a monitor looks before terms are logged."""
    sentence = "learning rate"
    with pytest.raises(Diverged, match=sentence) as diverged:
        train("dfm.ring", run=tmp_path / "run", device="cpu", quiet=True, lr=1e30, steps=100)
    assert "The rows have" not in str(diverged.value)
    assert "round 2" in str(diverged.value)
