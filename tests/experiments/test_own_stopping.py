"""Early stopping on a person's own rows: which are held out, what they measure, what is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxgen.data.arrays import load_arrays
from auxgen.data.dataset import Dataset
from auxgen.errors import InputError
from auxgen.experiments.adgm.own import experiment
from auxgen.experiments.adgm.plans import OWN_PLAN
from auxgen.experiments.early_stopping import MAX_ROWS, hold_out_rows
from auxgen.launch import evaluate, train


def make_rows(labelled: list[int], unlabelled: int) -> Dataset:
    """So many rows of each class, each row its own number."""
    y = np.repeat([*range(len(labelled)), -1], [*labelled, unlabelled])
    order = np.random.default_rng(0).permutation(len(y))
    return load_arrays(np.arange(2.0 * len(y)).reshape(-1, 2), y[order])


@given(
    labelled=st.lists(st.integers(1, 700), min_size=2, max_size=5),
    unlabelled=st.integers(0, 700),
    seed=st.integers(0, 5),
)
def test_held_out_rows_are_a_tenth_of_what_measures(
    labelled: list[int], unlabelled: int, seed: int
) -> None:
    rows = make_rows(labelled, unlabelled)
    shares = [min(round(0.1 * n), n - 1) for n in labelled]
    alone = round(0.1 * unlabelled)
    if sum(shares) + alone == 0:
        with pytest.raises(InputError, match="more rows are expected"):
            hold_out_rows(rows, 2, seed)
        return
    kept, held = hold_out_rows(rows, 2, seed)
    assert held is not None
    both = sorted([*kept.x[:, 0].tolist(), *held.x[:, 0].tolist()])
    assert both == rows.x[:, 0].tolist()
    counts = [int((held.y == c).sum()) for c in range(-1, len(labelled))]
    if sum(shares) >= 30:
        assert counts == [0, *shares]
    elif alone >= 30:
        assert counts == [alone, *[0] * len(labelled)]
    else:
        assert counts == [alone, *shares]
    assert set(kept.y.tolist()) >= set(range(len(labelled)))


def test_many_rows_are_held_out_no_more_than_a_look_can_take() -> None:
    _, held = hold_out_rows(make_rows([60_000, 40_000], 10), 1, 0)
    assert held is not None
    assert len(held) == MAX_ROWS


def write_table(folder: Path, rows: int, labelled: int) -> Path:
    rng, y = np.random.default_rng(0), np.arange(rows) % 2
    table = pd.DataFrame({"a": 2 * y + rng.normal(size=rows), "b": rng.normal(size=rows)})
    table["kind"] = np.where(np.arange(rows) < labelled, np.where(y, "x", "z"), "")
    table.to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


SMALL: dict[str, Any] = {"label": "kind", "steps": 200, "lr": 3e-2, "hidden": 8, "latent": 2}


def test_it_is_off_by_default_and_holds_out_nothing(tmp_path: Path) -> None:
    table = write_table(tmp_path, 80, 40)
    (stage,) = experiment(OWN_PLAN, data=table, label="kind").values()
    assert stage.stopping is None
    assert list(stage.data) == ["train", "test"]
    assert len(stage.data["train"]) + len(stage.data["test"]) == 80


@pytest.mark.parametrize(("labelled", "score"), [(400, "label_nll"), (100, "elbo")])
def test_a_run_tells_what_it_holds_out_and_keeps_its_best_weights(
    labelled: int, score: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_table(tmp_path, 440, labelled)
    run = train("adgm.own", run=tmp_path / "run", device="cpu", data=table, stop_early=1, **SMALL)
    told = capsys.readouterr().err
    number = 32 if labelled == 400 else 34
    assert f"valid: {number} rows of" in told
    config = json.loads((run.path / "run.json").read_text())
    before = told.index("fewer if 1 look in a row, one every 10 rounds, find no better ")
    assert before < told.index(f"sdgm: {config['ends']['sdgm']}")
    assert config["options"]["stop_early"] == 1
    assert config["datasets"]["valid"]["rows"] == number
    lines = list(map(json.loads, (run.path / "metrics.jsonl").read_text().splitlines()))
    name = f"held_out_{score}"
    looks = {o["step"]: o["scores"][name] for o in lines if name in o.get("scores", {})}
    best = (min if score == "label_nll" else max)(looks, key=lambda step: looks[step])
    assert lines[-1]["end"] == {"rounds": 200, "best": best, "looks": len(looks)}
    assert "sdgm/test_error" in evaluate(run.path, device="cpu")["scores"]


def test_folds_stop_early_each_by_rows_that_they_do_not_learn_from(tmp_path: Path) -> None:
    table = write_table(tmp_path, 80, 40)
    options = {**SMALL, "steps": 40, "folds": 2, "stop_early": 1}
    run = train("adgm.own", run=tmp_path / "run", device="cpu", quiet=True, data=table, **options)
    ends = json.loads((run.path / "run.json").read_text())["ends"]
    assert list(ends) == ["fold1", "fold2", "sdgm"]


@pytest.mark.parametrize(
    ("rows", "patience", "told"), [(8, 1, "more rows are expected"), (80, -1, "stop_early is -1")]
)
def test_what_cannot_be_is_refused_in_a_sentence(
    rows: int, patience: int, told: str, tmp_path: Path
) -> None:
    table = write_table(tmp_path, rows, rows)
    with pytest.raises(InputError, match=told):
        train("adgm.own", run=tmp_path / "run", data=table, label="kind", stop_early=patience)
    assert not (tmp_path / "run").exists()
