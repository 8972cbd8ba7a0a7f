"""The scikit-learn face."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.utils.estimator_checks import (
    check_methods_sample_order_invariance,
    check_methods_subset_invariance,
)

from auxgen import SemiSupervisedClassifier
from auxgen.errors import InputError


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
    model = SemiSupervisedClassifier(steps=600, hidden=(50, 50), latent=5, learning_rate=3e-3)
    assert model.fit(x, y).score(x, truth) > 0.95


def test_it_keeps_the_names_of_classes_and_its_seed() -> None:
    x, y, _ = moons()
    y = np.where(y == -1, -1, 10 * (y + 1))
    settings = {"steps": 20, "hidden": (8,), "latent": 2}
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


def test_rows_that_are_not_finite_are_refused() -> None:
    x, y, _ = moons()
    x[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        SemiSupervisedClassifier(steps=1).fit(x, y)


def fitted() -> tuple[SemiSupervisedClassifier, np.ndarray, np.ndarray]:
    x, y, truth = moons()
    model = SemiSupervisedClassifier(steps=60, hidden=(20,), latent=3, learning_rate=3e-3, draws=5)
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
    np.testing.assert_array_equal(model.predict(x), np.where(sure < least, -1, classes))


def test_rows_far_out_have_lower_bounds() -> None:
    model, x, _ = fitted()
    bounds = model.score_samples(x)
    assert bounds.shape == (600,)
    np.testing.assert_array_equal(bounds, model.score_samples(x))
    assert model.score_samples(x + 50).max() < bounds.min()


@pytest.mark.parametrize("model", ["sdgm", "adgm", "m2"])
@pytest.mark.parametrize(
    "check", [check_methods_subset_invariance, check_methods_sample_order_invariance]
)
def test_a_row_is_predicted_alike_in_any_subset_and_order(check, model) -> None:
    small = SemiSupervisedClassifier(model, steps=20, hidden=(8,), latent=2)
    check("SemiSupervisedClassifier", small)
