"""Folds of a person's labelled rows: one error over all of them, by models that saw none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import auxgen
from auxgen.data.user import load_arrays, split_into_folds
from auxgen.errors import InputError
from auxgen.launch import evaluate, train
from auxgen.score import wilson_interval


@pytest.mark.parametrize("folds", [2, 3, 5, 11])
def test_every_labelled_row_is_held_out_once_and_classes_are_spread(folds: int) -> None:
    y = np.repeat([0, 1, 2, -1], [5, 4, 2, 9])
    rows = load_arrays(np.arange(40.0).reshape(20, 2), y)
    each = split_into_folds(rows, folds, 0)
    held = torch.cat([out.x[:, 0] for _, out in each])
    assert held.sort().values.tolist() == rows.x[rows.y >= 0, 0].tolist()
    for learned, out in each:
        assert len(learned) + len(out) == 20
        assert not set(learned.x[:, 0].tolist()) & set(out.x[:, 0].tolist())
        assert (learned.y < 0).sum() == 9
        assert set(learned.y.tolist()) == {-1, 0, 1, 2}
        counts = out.y.bincount(minlength=3)
        assert counts.max() <= -(-5 // folds)
        assert abs(len(out) - 11 / folds) < 1


@pytest.mark.parametrize(
    ("y", "folds", "told"),
    [
        ([0, 0, 1, 1, -1], 1, "2 to 4"),
        ([0, 0, 1, 1, -1], 5, "2 to 4"),
        ([0, 0, 1, -1], 2, "1 labelled row"),
    ],
)
def test_folds_that_cannot_be_made_are_refused(y: list[int], folds: int, told: str) -> None:
    rows = load_arrays(np.random.default_rng(0).random((len(y), 2)), y)
    with pytest.raises(InputError, match=told):
        split_into_folds(rows, folds, 0)


def test_a_run_has_one_error_over_all_labelled_rows(tmp_path: Path) -> None:
    rng, y = np.random.default_rng(0), np.arange(60) % 2
    table = pd.DataFrame({"a": 2 * y + rng.normal(size=60), "b": rng.normal(size=60)})
    table["kind"] = np.where(np.arange(60) < 24, np.where(y, "x", "z"), "")
    table.to_csv(tmp_path / "table.csv", index=False)
    options: dict[str, Any] = {"data": tmp_path / "table.csv", "label": "kind", "folds": 3}
    options |= {"steps": 60, "lr": 1e-2, "hidden": 8, "latent": 2}
    run = train("adgm.own", run=tmp_path / "run", device="cpu", quiet=True, **options)
    assert run.trained_stages() == ["fold1", "fold2", "fold3", "sdgm"]
    scores = evaluate(run.path, device="cpu")["scores"]
    assert not [name for name in scores if name.startswith("fold")]
    found = scores["sdgm/folds_error"]
    assert found["n"] == 24
    wrong = round(found["value"] * 24 / 100)
    assert found["value"] == pytest.approx(100 * wrong / 24)
    assert found["interval"] == pytest.approx(
        [100 * end for end in wilson_interval(wrong / 24, 24)]
    )
    assert [fold["n"] for fold in found["detail"]["folds"]] == [8, 8, 8]
    whole = pd.read_csv(tmp_path / "table.csv", keep_default_na=False)
    assert auxgen.load(run.path).space.classes == tuple(sorted(set(whole["kind"]) - {""}))
