"""The scikit-learn face."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import (
    check_methods_sample_order_invariance,
    check_methods_subset_invariance,
)

from auxgen import SemiSupervisedClassifier
from auxgen.errors import InputError
from auxgen.estimators import LabelledKFold
from auxgen.estimators.likelihoods import draw_without_noise
from auxgen.networks.distributions import normal


def moons() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, truth = (np.asarray(part) for part in make_moons(600, noise=0.08, random_state=0))
    y = np.full(600, -1)
    for c in (0, 1):
        own = np.flatnonzero(truth == c)
        order = own[np.argsort(x[own, 0])]
        y[order[[0, len(order) // 2, -1]]] = c
    return x, y, truth


def test_it_learns_from_rows_without_labels() -> None:
    x, y, truth = moons()
    model = SemiSupervisedClassifier("sdgm", steps=400, hidden=(50, 50), latent=5, noise=0.1)
    assert model.fit(x, y).score(x, truth) > 0.95


def test_it_keeps_the_names_of_classes_and_its_seed() -> None:
    x, y, _ = moons()
    y = np.where(y == -1, -1, 10 * (y + 1))
    settings: dict[str, Any] = {"model": "m2", "steps": 20, "hidden": (8,), "latent": 2}
    first, second = (SemiSupervisedClassifier(**settings).fit(x, y) for _ in range(2))
    assert first.classes_.tolist() == [10, 20]
    assert set(first.predict(x)) <= {10, 20}
    np.testing.assert_array_equal(first.predict_proba(x), second.predict_proba(x))
    np.testing.assert_allclose(first.predict_proba(x).sum(1), 1, rtol=1e-5)
    assert first.sample(3).shape == (3, 2)


def test_it_can_be_cloned() -> None:
    made = clone(SemiSupervisedClassifier("m2", latent=3, labelled_bound="marginal"))
    assert isinstance(made, SemiSupervisedClassifier)
    assert made.get_params()["model"] == "m2"
    assert made.get_params()["latent"] == 3


def test_rows_without_any_label_are_refused() -> None:
    x, _, _ = moons()
    with pytest.raises(InputError, match="labelled"):
        SemiSupervisedClassifier(steps=1).fit(x, np.full(len(x), -1))


def fitted() -> tuple[SemiSupervisedClassifier, np.ndarray, np.ndarray]:
    x, y, truth = moons()
    model = SemiSupervisedClassifier("sdgm", steps=60, hidden=20, latent=3, draws=5)
    return model.fit(x, y), x, truth


def test_a_temperature_is_fitted_on_held_out_labels_and_changes_no_class() -> None:
    model, x, truth = fitted()
    assert model.temperature_ == 1.0
    before, classes = model.predict_proba(x), model.predict(x)
    model.calibrate(x, np.where(np.arange(600) % 2, truth, -1))
    assert model.temperature_ != 1.0
    after, odd = model.predict_proba(x), slice(1, None, 2)
    np.testing.assert_array_equal(model.predict(x), classes)
    own = np.arange(600)[odd], truth[odd]
    assert -np.log(after[own]).mean() <= -np.log(before[own]).mean()
    raised = before.astype(float) ** (1 / model.temperature_)
    np.testing.assert_allclose(after, raised / raised.sum(1, keepdims=True), rtol=1e-3, atol=1e-6)


def test_a_label_that_was_never_seen_cannot_calibrate() -> None:
    model, x, truth = fitted()
    with pytest.raises(InputError, match="Label 7 is none that fit saw"):
        model.calibrate(x, np.where(truth == 1, 7, 0))
    with pytest.raises(InputError, match="needs labelled rows"):
        model.calibrate(x, np.full(600, -1))


def test_rows_that_it_is_not_sure_of_get_no_class() -> None:
    model, x, _ = fitted()
    sure = model.predict_proba(x).max(1)
    classes, least = model.predict(x), float(np.median(sure))
    model.set_params(least_confidence=least)
    np.testing.assert_array_equal(model.predict(x), np.where(sure < least, np.array(None), classes))


def test_rows_far_out_have_lower_bounds() -> None:
    model, x, _ = fitted()
    bounds = model.score_samples(x)
    assert bounds.shape == (600,)
    np.testing.assert_array_equal(bounds, model.score_samples(x))
    assert model.score_samples(x + 50).max() < bounds.min()


@pytest.mark.parametrize("model", ["sdgm", pytest.param("adgm", marks=pytest.mark.slow), "m2"])
@pytest.mark.parametrize(
    "check", [check_methods_subset_invariance, check_methods_sample_order_invariance]
)
def test_a_row_is_predicted_alike_in_any_subset_and_order(check, model) -> None:
    small = SemiSupervisedClassifier(model, steps=20, hidden=(8,), latent=2)
    check("SemiSupervisedClassifier", small)


def test_scores_and_searches_see_labelled_rows_alone() -> None:
    x, y, truth = moons()
    known = np.where(np.arange(600) < 40, truth, y)
    settings: dict[str, Any] = {"steps": 40, "hidden": 20, "latent": 2}
    model = SemiSupervisedClassifier("m2", **settings).fit(x, known)
    own = known != -1
    assert model.score(x, known) == (model.predict(x[own]) == truth[own]).mean()
    weights = np.linspace(0, 1, 600)
    expected = np.average(model.predict(x[own]) == truth[own], weights=weights[own])
    assert model.score(x, known, weights) == pytest.approx(expected)
    with pytest.raises(InputError, match="No row is labelled"):
        model.score(x, np.full(600, -1))
    search = GridSearchCV(model, {"least_confidence": [0.0, 0.9, 1.0]}, cv=LabelledKFold(2))
    search.fit(x, known)
    assert search.best_params_ == {"least_confidence": 0.0}
    assert search.cv_results_["mean_test_score"][2] < 0.1
    found = cross_val_score(model, x, known, cv=LabelledKFold(2), scoring="neg_log_loss")
    assert np.isfinite(found).all()
    names = np.array(["a", "b", ""])[known]
    assert np.isfinite(cross_val_score(model, x, names, cv=2)).all()


def test_samples_are_of_the_labels_asked_for() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=300)
    x = rng.normal(size=(300, 2)) + 6 * truth[:, None]
    names = np.array(["low", "high"])[truth]
    model = SemiSupervisedClassifier("m2", steps=300, hidden=20, latent=2, label_temperature=1)
    model.fit(x, names)
    assert model.sample(200, "high", random_state=0).mean() == pytest.approx(6, abs=0.5)
    each = model.sample(4, ["high", "low", "high", "low"], random_state=0)
    assert (each.mean(1) > 3).tolist() == [True, False, True, False]
    drawn = model.sample(4000, "low", random_state=1)
    np.testing.assert_allclose(drawn.std(0), 1, atol=0.25)  # the noise of training is taken out
    for odd in ("middle", ["low"]):
        with pytest.raises(InputError, match="abel"):
            model.sample(4, odd)
    with pytest.raises(InputError, match="n is -1"):
        model.sample(-1)
    codes = model.transform(x[:5])
    low, high = (model.inverse_transform(codes, name) for name in ("low", "high"))
    np.testing.assert_allclose(model.inverse_transform(codes), (low + high) / 2, rtol=1e-6)


def test_noise_is_taken_out_of_draws() -> None:
    wide, narrow = torch.tensor([2.0, 0.5]), torch.tensor([[1.0, -1.0]]).expand(100_000, 2)
    drawn = draw_without_noise(normal(narrow, wide.expand(100_000, 2), 1), 0.4)
    torch.testing.assert_close(drawn.mean(0), narrow[0], atol=0.03, rtol=0)
    expected = (wide.square() - 0.4**2).sqrt()
    torch.testing.assert_close(drawn.std(0), expected, atol=0.02, rtol=0)


def test_importance_weights_tighten_the_bound() -> None:
    model, x, _ = fitted()
    loose, tight = model.score_samples(x[:50]), model.score_samples(x[:50], importance_weights=200)
    assert tight.mean() > loose.mean()
