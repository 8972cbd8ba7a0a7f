"""Rows that count more or less than once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils import compute_class_weight

from auxgen.data.samplers import WeightedSampler
from auxgen.errors import InputError
from auxgen.estimators import SemiSupervisedClassifier
from auxgen.estimators.class_weights import average_class_weight, find_prior, weigh_classes
from auxgen.estimators.weights import WeightedRows, merge_rows


def test_whole_weights_repeat_rows_in_every_epoch() -> None:
    weights = torch.tensor([2.0, 0.0, 1.0, 3.0])
    sampler = WeightedSampler(weights, 4, seed=1)
    rows = torch.cat([sampler(step) for step in range(3)])  # two epochs of six
    for epoch in rows.split(6):
        assert torch.bincount(epoch, minlength=4).tolist() == [2, 0, 1, 3]


def test_other_weights_are_met_on_average_and_nearly_in_every_epoch() -> None:
    weights = torch.tensor([0.25, 1.5, 0.05, 2.7])
    sampler = WeightedSampler(weights, 100, seed=0)
    epochs = torch.stack([torch.bincount(sampler(i), minlength=4) for i in range(2000)]).double()
    share = weights.double() / weights.sum() * sampler.size
    assert ((epochs - share).abs() < 1 + 1e-9).all()
    torch.testing.assert_close(epochs.mean(0), share, atol=0.04, rtol=0)


def make_rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=60)
    return rng.normal(size=(60, 3)) + 2 * truth[:, None], np.where(np.arange(60) < 16, truth, -1)


def fit(
    x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None, **other
) -> np.ndarray:
    settings: dict[str, Any] = {"steps": 20, "hidden": 10, "latent": 2, "batch": 25, **other}
    model = SemiSupervisedClassifier("m2", **settings).fit(x, y, sample_weight)
    return model.predict_proba(make_rows()[0])


def test_a_row_of_weight_two_is_the_row_twice_in_any_order() -> None:
    x, y = make_rows()
    weights = np.random.default_rng(1).integers(0, 4, size=60)
    order = np.random.default_rng(2).permutation(weights.sum())
    twice, known = np.repeat(x, weights, 0)[order], np.repeat(y, weights)[order]
    np.testing.assert_array_equal(fit(x, y, weights), fit(twice, known))
    assert not np.array_equal(fit(x, y, weights), fit(x, y))


def test_merged_rows_add_their_weights() -> None:
    x = np.array([[1.0], [2.0], [1.0], [1.0], [-0.0], [0.0], [np.nan], [np.nan]])
    places = np.array([0, 0, 0, -1, 1, 1, 0, 0])
    rows = merge_rows(x, places, np.array([1, 0, 0.5, 3, 1, 1, 1, 1.0]))
    found = {
        (str(v), p): w for v, p, w in zip(rows.x[:, 0], rows.places, rows.weights, strict=True)
    }
    assert found == {("1.0", 0): 1.5, ("1.0", -1): 3.0, ("0.0", 1): 2.0, ("nan", 0): 2.0}


def test_statistics_see_rows_as_often_as_they_count() -> None:
    x = np.array([[0.0], [1.0], [5.0]])
    blank = np.full(3, -1)
    rows = WeightedRows(x, blank, np.array([3.0, 1.0, 2.0]))
    assert sorted(rows.repeat()[:, 0]) == [0, 0, 0, 1, 5, 5]
    odd = WeightedRows(x, blank, np.array([0.3, 0.1, 0.25])).repeat()
    assert odd.mean() == pytest.approx((0.1 + 1.25) / 0.65, abs=0.01)


def make_labelled() -> WeightedRows:
    places = np.array([0, 0, 0, 1, -1])
    return WeightedRows(np.zeros((5, 1)), places, np.array([1.0, 2, 1, 1, 9]))


def test_class_weights_are_those_of_scikit_learn() -> None:
    classes, rows = np.array(["a", "b"]), make_labelled()
    found = weigh_classes("balanced", classes, rows)
    known = compute_class_weight("balanced", classes=np.array([0, 1]), y=np.array([0, 0, 0, 0, 1]))
    np.testing.assert_allclose(found, known)
    assert average_class_weight(found, rows) == pytest.approx(1)
    given = weigh_classes({"b": 3.0}, classes, rows)
    assert given.tolist() == [1, 3]
    assert average_class_weight(given, rows) == pytest.approx(7 / 5)


@pytest.mark.parametrize("odd", ["fair", {"c": 1}, {"a": -1}, {"a": "x"}, 3], ids=str)
def test_class_weights_that_cannot_be_are_refused(odd) -> None:
    with pytest.raises(InputError, match="class_weight"):
        weigh_classes(odd, np.array(["a", "b"]), make_labelled())


def test_priors_are_shares_or_numbers_by_label() -> None:
    classes, rows = np.array(["a", "b"]), make_labelled()
    assert find_prior(None, classes, rows) is None
    assert find_prior("labelled", classes, rows) == pytest.approx([0.8, 0.2])
    assert find_prior({"b": 1, "a": 3}, classes, rows) == pytest.approx([0.75, 0.25])
    assert find_prior([1, 3], classes, rows) == pytest.approx([0.25, 0.75])
    for odd in ({"a": 1}, [1, 2, 3], [1, 0], "even", [np.nan, 1]):
        with pytest.raises(InputError, match="class_prior"):
            find_prior(odd, classes, rows)


def test_class_weights_and_priors_move_the_answers() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 2)), rng.integers(2, size=80)

    def count(**other) -> float:
        settings: dict[str, Any] = {
            "steps": 100,
            "hidden": 10,
            "latent": 2,
            "learning_rate": 1e-2,
            "beta": 1.0,
            **other,
        }
        return SemiSupervisedClassifier("m2", **settings).fit(x, y).predict_proba(x)[:, 1].mean()

    assert count(class_weight={1: 50}) > count() + 0.1
    assert count(class_prior={0: 0.02, 1: 0.98}) > count(class_prior={0: 0.98, 1: 0.02}) + 0.1


def test_weights_below_zero_are_refused() -> None:
    x, y = make_rows()
    with pytest.raises(InputError, match="sample_weight"):
        fit(x, y, np.full(60, -1.0))
    with pytest.raises(ValueError, match="non-zero"):
        fit(x, y, np.zeros(60))
