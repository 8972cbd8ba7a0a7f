"""A committee of few labels: right, reproducible, and unmoved by columns that never change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_wine

from auxgen.few_labels.committee import (
    CommitteeOfRows,
    StandardisedRows,
    fit_committee,
    hide_folds,
    predict_held_out,
)
from auxgen.few_labels.ensemble import (
    EnsembleSettings,
    MemberBatches,
    order_by_turns,
    train_ensemble,
)
from auxgen.few_labels.parts import assign_folds
from auxgen.few_labels.standardiser import Standardiser
from auxgen.methods.ensemble import Ensemble

QUICK = EnsembleSettings(rounds=60)


def load_rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, every = map(np.asarray, load_wine(return_X_y=True))
    order = np.random.default_rng(0).permutation(len(x))
    x, every = x[order], every[order]
    y = np.full(len(x), -1)
    for c in range(3):
        rows = np.flatnonzero(every == c)[:5]
        y[rows] = c
    return x, y, every


@pytest.fixture(scope="module")
def committee() -> CommitteeOfRows:
    x, y, _ = load_rows()
    return fit_committee(x, y, QUICK, seed=1)


def test_it_classifies_what_it_was_not_told(committee: CommitteeOfRows) -> None:
    x, y, every = load_rows()
    rest = y < 0
    for probs in (committee.predict(x), committee.predict_by_ensemble(x)):
        np.testing.assert_allclose(probs.sum(1), 1, atol=1e-5)
        assert (probs.argmax(1) == every)[rest].mean() > 0.9


def test_the_same_seed_gives_the_same_numbers_and_leaves_random_states(
    committee: CommitteeOfRows,
) -> None:
    x, y, _ = load_rows()
    torch.manual_seed(5)
    np.random.seed(5)
    again = fit_committee(x, y, QUICK, seed=1)
    drawn = torch.rand(1).item(), np.random.rand()
    torch.manual_seed(5)
    np.random.seed(5)
    assert drawn == (torch.rand(1).item(), np.random.rand())
    np.testing.assert_array_equal(again.predict(x), committee.predict(x))
    other = fit_committee(x, y, QUICK, seed=2)
    assert not np.array_equal(other.predict(x), committee.predict(x))


def test_units_do_not_matter(committee: CommitteeOfRows) -> None:
    x, y, _ = load_rows()
    scaled = fit_committee(1000 * x + 7, y, QUICK, seed=1)
    same = scaled.predict(1000 * x + 7).argmax(1) == committee.predict(x).argmax(1)
    assert same.mean() > 0.98


def test_a_column_that_is_constant_in_training_changes_no_answer() -> None:
    x, y, _ = load_rows()
    x = np.hstack([x, np.full((len(x), 1), 3.0)])
    committee = fit_committee(x, y, QUICK, seed=1)
    moved = x.copy()
    moved[:, -1] = 4.0
    np.testing.assert_array_equal(committee.predict(moved), committee.predict(x))


def test_standardised_rows_have_mean_0_and_deviation_1_and_are_clipped() -> None:
    x = np.random.default_rng(0).normal(5, 3, (200, 4))
    space = Standardiser.fit(x)
    rows = space.transform(x)
    np.testing.assert_allclose(rows.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(rows.std(0), 1, atol=1e-5)
    assert space.transform(x + 1e9).max() == 10


def test_members_see_their_own_labelled_rows_each_class_as_often() -> None:
    x, y = torch.arange(40.0).unsqueeze(1), torch.arange(40) % 4
    own = [torch.arange(8), torch.arange(8, 20)]
    batches = MemberBatches(x, y, [order_by_turns(o, y) for o in own], 8, 0.0, 0)
    for step in range(5):
        batch = batches(step)
        assert batch.x.shape == (2, 8, 1)
        assert batch.x_unlabelled.shape == (2, 8, 1)
        for i in range(2):
            assert set(batch.x[i].flatten().tolist()) <= set(map(float, own[i].tolist()))
            assert batch.y[i].bincount().tolist() == [2, 2, 2, 2]


def test_noise_has_its_standard_deviation() -> None:
    x = torch.zeros(50, 300)
    rows = torch.arange(50)
    batch = MemberBatches(x, torch.zeros(50).long(), [rows], 50, 0.3, 0)(0)
    assert batch.x_unlabelled.std().item() == pytest.approx(0.3, rel=0.03)
    assert batch.x.std().item() == pytest.approx(0.3, rel=0.03)


def train_m2s(x: np.ndarray, y: np.ndarray, fold: np.ndarray) -> Ensemble:
    labelled = [torch.from_numpy(np.flatnonzero(own >= 0)) for own in hide_folds(y, fold)]
    rows = torch.from_numpy(x), torch.from_numpy(y)
    return train_ensemble(*rows, labelled, QUICK, seed=0)[0].eval()


def test_a_label_held_out_changes_nothing_that_is_said_of_its_row() -> None:
    """Only the M2 of the row's fold lacks the label: all others change with it."""
    x, y, _ = load_rows()
    x = Standardiser.fit(x).transform(x)
    fold, row = assign_folds(y), int(np.flatnonzero(y == 0)[1])
    wrong = y.copy()
    wrong[row] = 2
    place = int((y[:row] >= 0).sum())
    first, second = train_m2s(x, y, fold), train_m2s(x, wrong, fold)
    known, misled = (predict_held_out(m, StandardisedRows(x, y, fold)) for m in (first, second))
    np.testing.assert_allclose(known[place], misled[place], atol=1e-5)
    others = fold[y >= 0] != fold[row]
    assert (np.abs(known - misled)[others].max(1) > 1e-4).all()


def test_rows_whose_labels_all_m2s_learned_are_not_judged() -> None:
    x, y, _ = load_rows()
    x = Standardiser.fit(x).transform(x)
    fold = assign_folds(y)
    judged = predict_held_out(train_m2s(x, y, fold), StandardisedRows(x, y, np.full(len(y), -1)))
    np.testing.assert_array_equal(judged, 1 / 3)


def test_classes_that_are_rare_without_labels_become_less_probable() -> None:
    rng = np.random.default_rng(0)
    every = np.where(np.arange(400) < 360, 0, 1)
    x = rng.normal(size=(400, 3)) + 1.5 * every[:, None]
    y = np.full(400, -1)
    y[:5], y[360:365] = 0, 1
    committee = fit_committee(x, y, QUICK)
    odds = committee.method.log_odds.exp().numpy()
    assert odds[0] > 1 > odds[1] > 0
    even = committee.method.log_odds.new_zeros(2)
    with_odds = committee.predict(x).mean(0)[1]
    committee.method.log_odds.copy_(even)
    assert abs(with_odds - 0.1) < abs(committee.predict(x).mean(0)[1] - 0.1)


def test_without_unlabelled_rows_classes_are_as_frequent_as_labels() -> None:
    x, _, every = load_rows()
    committee = fit_committee(x[:60], every[:60], EnsembleSettings(rounds=5))
    np.testing.assert_allclose(committee.method.log_odds, 0, atol=1e-12)


@pytest.mark.parametrize("labels", [1, 2])
def test_a_label_or_two_of_each_class_are_enough(labels: int) -> None:
    x, y, every = load_rows()
    for c in range(3):
        y[np.flatnonzero(y == c)[labels:]] = -1
    probs = fit_committee(x, y, EnsembleSettings(rounds=20)).predict(x)
    assert (probs.argmax(1) == every).mean() > 0.6
