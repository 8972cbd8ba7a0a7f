"""Classifiers as modules say what scikit-learn's say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm, rankdata
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

from auxgen.errors import InputError
from auxgen.few_labels.parts import (
    KNOTS,
    find_normal_scores,
    fit_forest,
    fit_logistic,
    fit_mixture,
    fit_ranked_logistic,
)
from auxgen.networks.classic import DecisionForest, NamedMixture, NormalScores, fill_buffers


def make_rows(classes: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = (np.asarray(part) for part in load_wine(return_X_y=True))
    x = ((x - x.mean(0)) / x.std(0)).astype(np.float32)[y < classes]
    y = y[y < classes]
    return x, np.where(np.arange(len(y)) % 6 == 0, y, -1)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_logistic_regression_and_forest_are_scikit_learn_s(classes: int, weighted: bool) -> None:
    x, y = make_rows(classes)
    known = y >= 0
    weights = np.random.default_rng(0).random(len(y)) + 0.5 if weighted else None
    own = None if weights is None else weights[known]
    theirs = LogisticRegression(max_iter=500).fit(x[known], y[known], own).predict_proba(x)
    np.testing.assert_allclose(fit_logistic(x, y, 0, weights).predict(x), theirs, atol=1e-6)
    forest = RandomForestClassifier(100, random_state=0, oob_score=True)
    theirs = forest.fit(x[known], y[known], own).predict_proba(x)
    np.testing.assert_allclose(fit_forest(x, y, 0, weights).predict(x), theirs, atol=1e-12)


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_a_forest_of_fixed_steps_says_the_same_to_the_last_bit(classes: int) -> None:
    x, y = make_rows(classes)
    forest = RandomForestClassifier(100, random_state=0).fit(x[y >= 0], y[y >= 0])
    network = fit_forest(x, y, 0).network
    assert isinstance(network, DecisionForest)
    rows = torch.from_numpy(np.concatenate((x, 3 * x, np.full_like(x[:1], np.inf))))
    freely = network(rows)
    network.fix_steps()
    assert network.steps == max(tree.get_depth() for tree in forest.estimators_)
    assert torch.equal(network(rows), freely)
    for i in (0, 5, len(rows) - 1):  # a row alone may need fewer steps
        assert torch.equal(network(rows[i : i + 1]), freely[i : i + 1])


@pytest.mark.parametrize("columns", [4, 13])
def test_components_are_scikit_learn_s(columns: int) -> None:
    x, y = make_rows(3)
    x = x[:, :columns]
    rows = PCA(10, random_state=0).fit(x).transform(x) if columns > 10 else x
    theirs = GaussianMixture(6, reg_covar=1e-2, random_state=0).fit(rows).predict_proba(rows)
    network = fit_mixture(x, y, 0).network
    assert isinstance(network, NamedMixture)
    found = network.weigh_components(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, theirs, atol=1e-4)


def test_normal_scores_are_straight_between_knots_and_level_beyond() -> None:
    knots = np.array([[0.0, 1.0, 3.0, 3.0], [-2.0, -2.0, -2.0, -2.0]])
    scores = np.array([[-1.0, 0.5, 2.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
    network = NormalScores(2, 4)
    fill_buffers(network, knots=knots, scores=scores)
    x = np.linspace(-1, 4, 21)
    found = network(torch.from_numpy(np.stack((x, x), 1))).numpy()
    np.testing.assert_allclose(found[:, 0], np.interp(x, knots[0, :3], scores[0, :3]))
    np.testing.assert_array_equal(found[:, 1], 0)


@pytest.mark.parametrize(("rows", "gap"), [(40, 1e-9), (1000, 0.01)])
def test_scores_of_a_column_are_normal_quantiles_of_its_ranks(rows: int, gap: float) -> None:
    """With ties at their mean rank, and whatever grows with the column instead of it.

    Of more values than knots, those between are on a straight line.
    """
    rng = np.random.default_rng(0)
    x = np.stack((rng.normal(size=rows), rng.integers(4, size=rows), np.full(rows, 7.0)), 1)
    network = NormalScores(3, KNOTS)
    knots, scores = find_normal_scores(x)
    fill_buffers(network, knots=knots, scores=scores)
    found = network(torch.from_numpy(x)).numpy()
    for column in (0, 1):
        expected = norm.ppf((rankdata(x[:, column]) - 0.5) / rows)
        expected = (expected - expected.mean()) / expected.std()
        assert np.abs(found[:, column] - expected).mean() < (1e-9 if column else gap)
    np.testing.assert_array_equal(found[:, 2], 0)
    np.testing.assert_allclose(find_normal_scores(np.exp(x))[1], scores, atol=1e-9)


def test_logistic_regression_of_ranks_is_scikit_learn_s_of_scores() -> None:
    x, y = make_rows(3)
    known, network = y >= 0, NormalScores(x.shape[1], KNOTS)
    knots, scores = find_normal_scores(x)
    fill_buffers(network, knots=knots, scores=scores)
    rows = network(torch.from_numpy(x)).numpy()
    theirs = LogisticRegression(max_iter=500).fit(rows[known], y[known]).predict_proba(rows)
    np.testing.assert_allclose(fit_ranked_logistic(x, y, 0).predict(x), theirs, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("branches", 10**9), ("branches", -1), ("branches", 0)),
        *(("roots", 10**9), ("roots", -1), ("entry", 4), ("entry", -1)),
    ],
)
def test_a_forest_whose_walks_do_not_end_is_not_loaded(name: str, value: int) -> None:
    x, y = np.random.default_rng(0).normal(size=(40, 4)), np.arange(40) % 2
    network = fit_forest(x, y, 0).network
    assert isinstance(network, DecisionForest)
    known = {each: tensor.clone() for each, tensor in network.state_dict().items()}
    again = DecisionForest(len(known["roots"]), len(known["entry"]), 2, columns=4)
    again.load_state_dict(known)
    rows = torch.from_numpy(x)
    assert torch.equal(again(rows), network(rows))
    known[name].view(-1)[-1] = value  # 0: a later node leads to the first, and so in a circle
    with pytest.raises(InputError, match="lead nowhere or in a circle"):
        again.load_state_dict(known)
