"""Shares by EM against closed forms and a general optimiser, and votes by labels held out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from auxgen.few_labels.votes import (
    SHARES_WORTH,
    estimate_class_shares,
    estimate_shares,
    fit_votes,
    temper,
)


def test_shares_of_rows_that_are_certain_are_counts_beside_the_prior() -> None:
    likelihoods = np.eye(3)[[0, 0, 0, 1, 0, 1]]
    prior = np.array([0.2, 0.3, 0.5])
    found = estimate_shares(likelihoods, prior, 4.0)
    np.testing.assert_allclose(found, (np.array([4, 2, 0]) + 4 * prior) / 10)
    np.testing.assert_allclose(estimate_shares(likelihoods[:0], prior, 0.0), prior)


def test_shares_without_a_prior_undo_a_classifier_s_errors() -> None:
    """Of rows that class 1 gives the answer 'yes' with 0.8 and class 0 with 0.3, 45 % are 'yes':
    0.3 + (0.8 - 0.3) w = 0.45 gives w = 0.3."""
    yes = np.arange(100) < 45
    likelihoods = np.where(yes[:, None], [0.3, 0.8], [0.7, 0.2])
    found = estimate_shares(likelihoods, np.array([0.5, 0.5]), 0.0, rounds=10_000)
    np.testing.assert_allclose(found, [0.7, 0.3], atol=1e-4)


@pytest.mark.parametrize("worth", [0.5, 5.0, 50.0])
def test_shares_are_the_largest_posterior(worth: float) -> None:
    rng = np.random.default_rng(0)
    likelihoods = rng.random((30, 3)) + 0.01
    counts, prior = rng.integers(1, 4, 30).astype(float), np.array([0.5, 0.3, 0.2])

    def compute_cost(logits: np.ndarray) -> float:
        w = np.exp(logits) / np.exp(logits).sum()
        return -float(counts @ np.log(likelihoods @ w) + worth * prior @ np.log(w))

    best: Any = minimize(compute_cost, np.zeros(3), method="BFGS")
    found = estimate_shares(likelihoods, prior, worth, counts)
    np.testing.assert_allclose(found, np.exp(best.x) / np.exp(best.x).sum(), atol=1e-4)
    twice = np.repeat(np.arange(30), counts.astype(int))
    np.testing.assert_allclose(estimate_shares(likelihoods[twice], prior, worth), found)


def test_class_shares_are_between_those_of_labels_and_of_rows() -> None:
    """Certain rows: (mean + SHARES_WORTH * labelled) / (1 + SHARES_WORTH)."""
    probs, labelled = np.eye(2)[[0] * 9 + [1]], np.array([0.5, 0.5])
    expected = (np.array([0.9, 0.1]) + SHARES_WORTH * labelled) / (1 + SHARES_WORTH)
    np.testing.assert_allclose(estimate_class_shares(probs, labelled), expected)
    counts = np.full(10, 3.0)
    np.testing.assert_allclose(estimate_class_shares(probs, labelled, counts), expected)


def test_rows_that_say_nothing_leave_the_shares_of_the_labels() -> None:
    labelled = np.array([0.6, 0.3, 0.1])
    found = estimate_class_shares(np.tile(labelled, (20, 1)), labelled)
    np.testing.assert_allclose(found, labelled)
    np.testing.assert_allclose(estimate_class_shares(np.zeros((0, 3)), labelled), labelled)


def test_a_member_that_is_right_counts_more_and_one_that_errs_surely_less() -> None:
    y = np.arange(20) % 2
    good = np.where(np.eye(2)[y] == 1, 0.9, 0.1)
    even, bad = np.full((20, 2), 0.5), 1 - good
    votes = fit_votes([good, even, bad], y, [1.0, 1.0, 1.0])
    assert votes.weights[0] > votes.weights[1] > votes.weights[2] > 0
    assert votes.weights.sum() == pytest.approx(1)
    assert votes.temperatures[0] < 1 < votes.temperatures[2]


def test_without_labels_all_is_as_expected() -> None:
    none = np.zeros((0, 2))
    votes = fit_votes([none, none], np.zeros(0, dtype=int), [2.0, 0.9])
    np.testing.assert_allclose(votes.weights, [0.5, 0.5])
    np.testing.assert_allclose(votes.temperatures, [2.0, 0.9], rtol=1e-3)


def test_a_tempered_row_is_its_power() -> None:
    probs = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    expected = np.sqrt(probs) / np.sqrt(probs).sum(1, keepdims=True)
    np.testing.assert_allclose(temper(probs, 2.0), expected)
