"""Classic classifiers beside an ensemble, and their held-out rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import load_iris

from auxgen.few_labels.codes import fit_codes
from auxgen.few_labels.parts import (
    Part,
    fit_forest,
    fit_logistic,
    fit_mixture,
    fit_ranked_logistic,
    split_labelled_rows,
)


def fit_small_codes(x: np.ndarray, y: np.ndarray, seed: int) -> Part:
    x = x.astype(np.float32)
    sizes = {"x": x.shape[1], "hidden": [20], "z": 3, "likelihood": "gaussian_fixed"}
    return fit_codes(x, y, sizes, seed)


FITS = [fit_logistic, fit_forest, fit_mixture, fit_ranked_logistic, fit_small_codes]
Fit = Callable[[np.ndarray, np.ndarray, int], Part]


def load_rows(labels: int, wide: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Iris with so many labels a class: standardised rows, known classes, all classes."""
    x, every = map(np.asarray, load_iris(return_X_y=True))
    x = (x - x.mean(0)) / x.std(0)
    if wide:
        x = np.hstack([x, np.random.default_rng(0).normal(size=(len(x), 20))])
    place = np.arange(len(x)) % 50
    return x, np.where(place < labels, every, -1), every


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("wide", [False, True])
def test_a_part_classifies_rows_without_labels(fit: Fit, wide: bool) -> None:
    x, y, every = load_rows(10, wide)
    if fit is fit_small_codes:  # codes hold as much of columns of noise as of others
        x = load_rows(10)[0]
    part = fit(x, y, 0)
    probs = part.predict(x)
    np.testing.assert_allclose(probs.sum(1), 1, atol=1e-6)
    assert (probs.argmax(1) == every).mean() > 0.75


@pytest.mark.parametrize("fit", FITS)
def test_held_out_rows_are_judged_without_their_labels(fit: Fit) -> None:
    """A row whose label is wrong gets its true class when it is held out."""
    x, y, every = load_rows(12)
    row = 0
    wrong = y.copy()
    wrong[row] = 2
    judged = fit(x, wrong, 0).held_out[0]
    assert judged.argmax() == every[row]
    assert fit(x, y, 0).held_out.shape == (36, 3)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("labels", [1, 2])
def test_a_label_or_two_of_each_class_are_enough(fit: Fit, labels: int) -> None:
    x, y, _ = load_rows(labels)
    part = fit(x, y, 0)
    assert np.isfinite(part.predict(x)).all()
    np.testing.assert_allclose(part.held_out.sum(1), 1, atol=1e-6)


def test_folds_hold_each_row_out_once_and_keep_every_class() -> None:
    y = np.array([0] * 3 + [1] * 7 + [2])
    held_out = []
    for kept, out in split_labelled_rows(y):
        assert not set(kept) & set(out)
        assert set(y[kept]) == {0, 1, 2}
        held_out += out.tolist()
    assert sorted(held_out) == list(range(10))
