"""Folds of a person's labelled rows: one error over all of them, by models that saw none."""

from __future__ import annotations

import signal
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import auxgen
from auxgen.data.arrays import load_arrays
from auxgen.data.splits import split_into_folds
from auxgen.engine.loop import Training
from auxgen.errors import InputError, Interrupted
from auxgen.launch import evaluate, resume, train
from auxgen.runs.folder import Run
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


def make_options(folder: Path) -> dict[str, Any]:
    """A table with 24 labels of 60, and a small model of it with three folds."""
    rng, y = np.random.default_rng(0), np.arange(60) % 2
    table = pd.DataFrame({"a": 2 * y + rng.normal(size=60), "b": rng.normal(size=60)})
    table["kind"] = np.where(np.arange(60) < 24, np.where(y, "x", "z"), "")
    table.to_csv(folder / "table.csv", index=False)
    options = {"data": folder / "table.csv", "label": "kind", "folds": 3}
    return {**options, "steps": 60, "lr": 1e-2, "hidden": 8, "latent": 2}


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return make_options(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def whole(options: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run = train("adgm.own", run=folder, device="cpu", quiet=True, **options)
    evaluate(run.path, device="cpu")
    return run


@pytest.mark.parametrize("stage", [1, 2, 4])
def test_a_run_that_was_stopped_in_a_fold_goes_on_to_the_same_weights(
    stage: int,
    whole: Run,
    options: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds, play = count(1), Training.run_round

    def play_or_stop(self: Training, batch: object) -> None:
        play(self, batch)
        if next(rounds) == 60 * stage - 13:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "run_round", play_or_stop)
        with pytest.raises(Interrupted):
            train("adgm.own", run=tmp_path / "stopped", device="cpu", quiet=True, **options)
    stopped = resume(tmp_path / "stopped", device="cpu", quiet=True)
    assert stopped.trained_stages() == ["fold1", "fold2", "fold3", "sdgm"]
    for name in stopped.trained_stages():
        first, second = (
            load_file(run.path / name / "model.safetensors") for run in (whole, stopped)
        )
        assert all(torch.equal(first[key], second[key]) for key in first)
    expected = whole.read_scores()["scores"]["sdgm/folds_error"]["value"]
    assert evaluate(stopped.path, device="cpu")["scores"]["sdgm/folds_error"]["value"] == expected


def test_a_run_has_one_error_over_all_labelled_rows(whole: Run, options: dict[str, Any]) -> None:
    assert whole.trained_stages() == ["fold1", "fold2", "fold3", "sdgm"]
    scores = whole.read_scores()["scores"]
    assert not [name for name in scores if name.startswith("fold")]
    found = scores["sdgm/folds_error"]
    assert found["n"] == 24
    wrong = round(found["value"] * 24 / 100)
    assert found["value"] == pytest.approx(100 * wrong / 24)
    assert found["interval"] == pytest.approx(
        [100 * end for end in wilson_interval(wrong / 24, 24)]
    )
    assert [fold["n"] for fold in found["detail"]["folds"]] == [8, 8, 8]
    table = pd.read_csv(options["data"], keep_default_na=False)
    assert auxgen.load(whole.path).space.classes == tuple(sorted(set(table["kind"]) - {""}))
