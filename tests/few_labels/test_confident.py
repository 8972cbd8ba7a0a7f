"""Labels for the surest rows: how many of each class, and that they help."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
import pytest

from auxgen.errors import InputError
from auxgen.few_labels.committee import fit_committee
from auxgen.few_labels.confident import (
    find_surest_rows,
    fit_confident_classifier,
    label_confident_rows,
)
from auxgen.few_labels.ensemble import EnsembleSettings


def make_groups(
    sizes: tuple[int, ...], seed: int = 0, distance: float = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Groups of rows around the corners of a simplex in 12 dimensions, of these sizes."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    x = distance * np.eye(12)[y] + rng.normal(size=(len(y), 12))
    order = rng.permutation(len(y))
    return x[order], y[order]


def hide(y: np.ndarray, labels: int) -> np.ndarray:
    known = np.full(len(y), -1)
    for c in np.unique(y):
        known[np.flatnonzero(y == c)[:labels]] = c
    return known


def test_the_surest_rows_of_each_class_by_hand() -> None:
    probs = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3], [0.05, 0.95]])
    assert find_surest_rows(probs, np.array([2, 1])).tolist() == [0, 3, 4]
    assert find_surest_rows(probs, np.array([0, 5])).tolist() == [4, 2]
    assert find_surest_rows(probs, np.array([9, 0])).tolist() == [0, 3, 1]


@pytest.mark.parametrize("sizes", [(200, 200, 200), (400, 120, 60)])
def test_rows_of_each_class_are_labelled_in_proportion(sizes: tuple[int, ...]) -> None:
    x, y = make_groups(sizes)
    frequencies = None if len(set(sizes)) == 1 else np.array(sizes) / sum(sizes)
    given = label_confident_rows(x, hide(y, 3), share=0.5, frequencies=frequencies).y
    counts = np.bincount(given[given >= 0], minlength=3)
    np.testing.assert_allclose(counts / counts.sum(), np.array(sizes) / sum(sizes), atol=0.06)
    assert counts.sum() == pytest.approx(0.5 * (len(y) - 9) + 9, abs=3)
    labelled = given >= 0
    assert (given[labelled] == y[labelled]).mean() > 0.97


def test_a_persons_labels_stay_and_units_do_not_matter() -> None:
    x, y = make_groups((100, 100))
    y[0] = 1 - y[0]  # a label that no classifier would give
    known = hide(y, 4)
    known[0] = y[0]
    found = label_confident_rows(x, known)
    assert (found.y[known >= 0] == known[known >= 0]).all()
    scaled = label_confident_rows(1000 * x, known)
    assert (scaled.y == found.y).all()
    np.testing.assert_allclose(scaled.predict(1000 * x), found.predict(x), atol=1e-6)


def test_it_is_better_than_the_labels_alone() -> None:
    x, y = make_groups((300, 300, 300, 300), seed=1, distance=3)
    x_new, y_new = make_groups((100, 100, 100, 100), seed=2, distance=3)
    known = hide(y, 1)
    right = []
    for share in (0.0, 0.5):
        probs = label_confident_rows(x, known, share=share).predict(x_new)
        np.testing.assert_allclose(probs.sum(1), 1)
        right.append((probs.argmax(1) == y_new).mean())
    assert right[1] > right[0] + 0.05
    settings = EnsembleSettings(rounds=60, hidden=(20,))
    both = fit_confident_classifier(x, known, settings=settings)
    assert (both.predict(x_new).argmax(1) == y_new).mean() > right[0] + 0.05
    again = fit_confident_classifier(x, known, settings=settings)
    assert (again.predict(x_new) == both.predict(x_new)).all()


def test_where_all_rows_have_labels_there_is_nothing_to_give() -> None:
    x, y = make_groups((20, 20))
    found = label_confident_rows(x, y)
    assert (found.y == y).all()
    assert found.predict(x).shape == (40, 2)


@pytest.mark.parametrize("function", [fit_committee, fit_confident_classifier])
@pytest.mark.parametrize(
    ("x", "y", "told"),
    [
        (np.eye(4), ["a", "b", "", ""], "x or y holds what is no number"),
        (np.eye(4), [0, None, 1, None], "The classes of labelled rows are 0, 1, nan; expected"),
        (np.array([["a"]] * 4), [0, 1, -1, -1], "x or y holds what is no number"),
        (np.eye(4), [0, 1, -1], r"x has the shape \(4, 4\) and y \(3,\)"),
        (np.arange(4.0), [0, 1, -1, -1], r"x has the shape \(4,\)"),
        (np.eye(4), [0, 2, -1, -1], "The classes of labelled rows are 0, 2; expected 0, 1"),
        (np.eye(4), [0.5, 1, -1, -1], "The classes of labelled rows are 0.5, 1; expected"),
        (np.eye(4), [-1, -1, -1, -1], "The classes of labelled rows are none; expected"),
        (np.eye(4), [0, 0, -2, -1], "The classes of labelled rows are -2, 0; expected"),
    ],
)
def test_rows_and_classes_that_cannot_be_are_one_sentence(function, x, y, told: str) -> None:
    with pytest.raises(InputError, match=told):
        function(x, y)


def test_frames_and_lists_are_taken() -> None:
    x, y = make_groups((40, 40))
    known = hide(y, 4)
    rows: Any = pandas.DataFrame(x)
    labels: Any = known.astype(float).tolist()
    found = label_confident_rows(rows, labels)
    assert (found.y == label_confident_rows(x, known).y).all()
