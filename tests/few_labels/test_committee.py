"""A committee of few labels: right, reproducible, and unmoved by columns that never change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_wine

from auxgen.few_labels.committee import Committee, Standardiser, fit_committee
from auxgen.few_labels.ensemble import EnsembleSettings, MemberBatches, order_by_turns

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
def committee() -> Committee:
    x, y, _ = load_rows()
    return fit_committee(x, y, QUICK, seed=1)


def test_it_classifies_what_it_was_not_told(committee: Committee) -> None:
    x, y, every = load_rows()
    rest = y < 0
    for probs in (committee.predict(x), committee.predict_by_ensemble(x)):
        np.testing.assert_allclose(probs.sum(1), 1, atol=1e-5)
        assert (probs.argmax(1) == every)[rest].mean() > 0.9


def test_the_same_seed_gives_the_same_numbers_and_leaves_random_states(
    committee: Committee,
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


def test_units_do_not_matter(committee: Committee) -> None:
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
