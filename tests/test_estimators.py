"""The scikit-learn face."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_moons

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
    made = clone(SemiSupervisedClassifier("m2", latent=3))
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
