"""How estimators are trained: seeds, divergence, early stopping, and going on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from auxgen.errors import Diverged, InputError
from auxgen.estimators import SemiSupervisedClassifier

SETTINGS: dict[str, Any] = {"steps": 20, "hidden": 10, "latent": 2}


def make_rows(n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=n)
    x = rng.normal(size=(n, 3)) + 3 * truth[:, None]
    return x, np.where(np.arange(n) < n // 10, truth, -1), truth


def fit(**other) -> SemiSupervisedClassifier:
    x, y, _ = make_rows()
    return SemiSupervisedClassifier(**{"model": "m2", **SETTINGS, **other}).fit(x, y)


def test_random_states_stay_as_they_were() -> None:
    torch.manual_seed(7)
    np.random.seed(7)
    expected = torch.rand(1).item(), np.random.rand()
    torch.manual_seed(7)
    np.random.seed(7)
    model = fit(random_state=None)
    x, _, _ = make_rows()
    model.predict_proba(x)
    model.score_samples(x)
    model.sample(3)
    assert (torch.rand(1).item(), np.random.rand()) == expected


@pytest.mark.parametrize(
    "seed",
    [np.int64(3), np.random.RandomState(0), np.random.default_rng(0), None],
    ids=lambda seed: type(seed).__name__,
)
def test_random_states_of_all_kinds_are_taken(seed) -> None:
    assert fit(random_state=seed).seed_ >= 0


def test_equal_seeds_give_equal_weights_and_others_do_not() -> None:
    x, _, _ = make_rows()
    first, again = (fit(random_state=np.random.RandomState(1)).predict_proba(x) for _ in "ab")
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, fit(random_state=2).predict_proba(x))
    model = fit()
    np.testing.assert_array_equal(model.sample(3, random_state=5), model.sample(3, random_state=5))
    assert not np.array_equal(model.sample(3), model.sample(3))


def test_divergence_names_the_term() -> None:
    with pytest.raises(Diverged, match=r"unlabelled.* became .*learning_rate below 1e\+06"):
        fit(learning_rate=1e6, steps=300)


def test_training_stops_early_at_the_best_weights() -> None:
    x, _, truth = make_rows()
    model = fit(early_stopping=True, steps=400, learning_rate=2e-2, n_iter_no_change=2)
    assert model.n_iter_ == len(model.loss_curve_) < 400
    assert model.score(x, truth) > 0.9
    with pytest.raises(InputError, match="hold out none"):
        SemiSupervisedClassifier(early_stopping=True, steps=1).fit(x[:3], [0, 1, 1])
    assert fit(steps=30).n_iter_ == 30


def test_a_warm_start_goes_on() -> None:
    x, y, _ = make_rows()
    whole = fit(steps=40)
    model = fit(warm_start=True)
    model.fit(x, y)
    assert model.n_iter_ == len(model.loss_curve_) == 40
    np.testing.assert_allclose(model.loss_curve_, whole.loss_curve_)
    np.testing.assert_allclose(model.predict_proba(x), whole.predict_proba(x), atol=1e-6)
    letters = np.where(y < 0, "", np.array(["a", "b"])[y])
    for rows in (x, x[:, :1]):  # other classes, then other columns: from new weights
        model.fit(rows, letters)
        assert model.n_iter_ == 20


def test_it_learns_in_parts_and_keeps_the_labels_of_earlier_ones() -> None:
    x, y, truth = make_rows()
    model = SemiSupervisedClassifier("m2", hidden=20, latent=2, batch=20, learning_rate=1e-2)
    for _ in range(12):
        for part in np.array_split(np.arange(200), 4):
            model.partial_fit(x[part], y[part], classes=[0, 1])
    assert model.n_iter_ == 12 * 4 * 3  # 50 rows a part, 20 in a batch
    assert model.score(x, truth) > 0.93
    with pytest.raises(InputError, match="Label 5 is none that the first call saw"):
        model.partial_fit(x, np.full(200, 5))


def test_progress_is_shown_when_asked(capsys) -> None:
    fit(verbose=True, steps=100)
    assert "fit  step 100/100" in capsys.readouterr().err
    fit()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "odd",
    [
        {"steps": 0},
        {"steps": 2.5},
        {"hidden": ()},
        {"hidden": "100"},
        {"hidden": (10, 0)},
        {"latent": True},
        {"noise": -0.1},
        {"noise": np.nan},
        {"learning_rate": 0},
        {"learning_rate": np.inf},
        {"device": "cuda:99"},
        {"device": 3},
        {"least_confidence": 1.01},
        {"model": "m3"},
        {"model": None},
        {"labelled_bound": "both"},
        {"classes_summed": 7},
        {"skip_below": 1.0},
        {"skip_below": "few"},
        {"batch_norm": "yes"},
        {"validation_fraction": 1.0},
        {"draws": 0},
        {"random_state": "a"},
        {"random_state": -1},
        {"random_state": True},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_refused_in_one_sentence(odd) -> None:
    name = next(iter(odd))
    with pytest.raises(InputError, match=name) as error:
        fit(**odd)
    assert "\n" not in str(error.value)
