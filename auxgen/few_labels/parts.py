"""Classifiers of scikit-learn that vote beside an ensemble, and what they say of rows held out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import norm
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from torch import nn

from ..networks.classic import (
    DecisionForest,
    LinearClassifier,
    NamedMixture,
    NormalScores,
    fill_buffers,
)

FOLDS = 3
KNOTS = 100
"""Most values of a column from which its normal scores are computed."""
MIXTURE_COLUMNS = 10
"""Most principal components that a mixture sees: its covariances are full."""


@dataclass(frozen=True, eq=False)
class Part:
    """A trained classifier.

    Attributes:
        network: Standardised rows (m, d) -> class probabilities (m, k).
        held_out: Probabilities of the labelled rows, in their order, each by a classifier that did
            not learn its label; equal ones for a row that could not be held out: (n_l, k).
    """

    network: nn.Module
    held_out: np.ndarray

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Class probabilities of standardised rows: (m, d) -> (m, k) float64."""
        with torch.no_grad():
            return self.network(torch.from_numpy(np.asarray(x))).numpy()


def fit_logistic(
    x: np.ndarray, y: np.ndarray, seed: int, weights: np.ndarray | None = None
) -> Part:
    """Logistic regression of the labelled rows.

    Args:
        x: Standardised rows (n, d).
        y: Classes (n,), -1 where unknown.
        seed: Unused: there is one solution.
        weights: How often each label counts (n,); None for once.
    """
    del seed
    known, classes = y >= 0, int(y.max()) + 1
    each = np.ones(len(y)) if weights is None else weights
    x, y, each = x[known], y[known], each[known]

    def fit(rows: np.ndarray) -> LogisticRegression:
        return LogisticRegression(max_iter=500).fit(x[rows], y[rows], each[rows])

    held_out = np.full((len(y), classes), 1 / classes)
    for kept, out in split_labelled_rows(y):
        held_out[out] = fit(kept).predict_proba(x[out])
    fitted: Any = fit(np.arange(len(y)))
    network = LinearClassifier(x.shape[1], classes)
    weight, bias = fitted.coef_, fitted.intercept_
    if classes == 2:  # of the second class, beside 0 for the first
        weight, bias = np.concatenate((0 * weight, weight)), np.concatenate((0 * bias, bias))
    fill_buffers(network, weight=weight, bias=bias)
    return Part(network, held_out)


def fit_ranked_logistic(
    x: np.ndarray,
    y: np.ndarray,
    seed: int,
    weights: np.ndarray | None = None,
    repeated: np.ndarray | None = None,
) -> Part:
    """Logistic regression of the labelled rows on normal scores of the columns.

    A long tail of a column has no more to say than its ranks. Arguments are those of `fit_mixture`.
    """
    knots, scores = find_normal_scores(x if repeated is None else x[repeated])
    ranked = NormalScores(*knots.shape)
    fill_buffers(ranked, knots=knots, scores=scores)
    linear = fit_logistic(ranked(torch.from_numpy(x)).numpy(), y, seed, weights)
    return Part(nn.Sequential(ranked, linear.network), linear.held_out)


def find_normal_scores(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of each column, and their normal scores with mean 0 and standard deviation 1.

    The score of a value is the normal quantile of the share of rows below it, and half of those at
    it: x (n, d) -> (d, KNOTS) twice.
    """
    knots, scores = np.zeros((2, x.shape[1], KNOTS))
    for column, values in enumerate(x.T.astype(np.float64)):
        levels, counts = np.unique(values, return_counts=True)
        score = norm.ppf((counts.cumsum() - counts / 2) / len(values))
        mean = counts @ score / len(values)
        std = np.sqrt(counts @ (score - mean) ** 2 / len(values))
        places = np.linspace(0, len(levels) - 1, min(KNOTS, len(levels))).round().astype(int)
        places = np.pad(places, (0, KNOTS - len(places)), mode="edge")
        knots[column] = levels[places]
        scores[column] = (score[places] - mean) / (std if std > 0 else 1.0)
    return knots, scores


def fit_forest(x: np.ndarray, y: np.ndarray, seed: int, weights: np.ndarray | None = None) -> Part:
    """A random forest of the labelled rows, held-out rows judged by trees that did not draw them.

    x (n, d), y (n,) with -1 where unknown, weights (n,) as for `fit_logistic`.
    """
    known = y >= 0
    forest: Any = RandomForestClassifier(100, oob_score=True, random_state=seed % 2**32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows that every tree drew
        forest.fit(x[known], y[known], None if weights is None else weights[known])
    held_out = np.nan_to_num(forest.oob_decision_function_)
    none = held_out.sum(1) == 0
    held_out[none] = 1 / held_out.shape[1]
    return Part(_convert_forest(forest), held_out)


def _convert_forest(forest: RandomForestClassifier) -> DecisionForest:
    """The nodes of all trees, in one table."""
    trees = [tree.tree_ for tree in forest.estimators_]
    sizes = [tree.node_count for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    branches = []
    for tree, root in zip(trees, roots, strict=True):
        both = np.stack((tree.children_left, tree.children_right), 1)
        own = np.arange(tree.node_count)[:, None]
        branches.append(np.where(both < 0, own, both) + root)
    leaves = np.concatenate([tree.value[:, 0] for tree in trees])
    network = DecisionForest(len(trees), sum(sizes), leaves.shape[1])
    fill_buffers(
        network,
        roots=roots,
        entry=np.concatenate([tree.feature for tree in trees]).clip(min=0),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        branches=np.concatenate(branches),
        leaves=leaves / leaves.sum(1, keepdims=True),
    )
    return network


def fit_mixture(
    x: np.ndarray,
    y: np.ndarray,
    seed: int,
    weights: np.ndarray | None = None,
    repeated: np.ndarray | None = None,
) -> Part:
    """A mixture of Gaussians of all rows, whose components take the classes of labelled rows.

    There are two components for each class, on 10 principal components at most: x (n, d), y (n,)
    with -1 where unknown, weights (n,) as for `fit_logistic`. The density is that of the rows
    `repeated`, as indices (m,), or of each row once.
    """
    known, k = y >= 0, int(y.max()) + 1
    each = np.ones(len(y)) if weights is None else weights
    seed = seed % 2**32
    center, directions = np.zeros(x.shape[1]), np.eye(x.shape[1])
    every = x if repeated is None else x[repeated]
    if x.shape[1] > MIXTURE_COLUMNS:
        columns: Any = PCA(min(MIXTURE_COLUMNS, len(every)), random_state=seed).fit(every)
        center, directions = columns.mean_, columns.components_
    components = max(1, min(2 * k, len(every) // 10))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fit that 100 rounds did not end
        mixture: Any = GaussianMixture(components, reg_covar=1e-2, random_state=seed)
        mixture.fit((every - center) @ directions.T)
    network = NamedMixture(x.shape[1], len(directions), components, k)
    fill_buffers(
        network,
        center=center,
        directions=directions,
        log_shares=np.log(mixture.weights_),
        means=mixture.means_,
        whitening=mixture.precisions_cholesky_,
    )
    own = network.weigh_components(torch.from_numpy(x[known])).numpy()
    labels = np.eye(k)[y[known]] * each[known, None]

    def name_components(responsibilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
        counts = responsibilities.T @ labels + 1e-2
        return counts / counts.sum(1, keepdims=True)

    held_out = np.full((len(own), k), 1 / k)
    for kept, out in split_labelled_rows(y[known]):
        held_out[out] = own[out] @ name_components(own[kept], labels[kept])
    fill_buffers(network, names=name_components(own, labels))
    return Part(network, held_out)


def split_labelled_rows(y: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows to learn from and rows held out, three times; each class is spread over the folds.

    y (n,), all of them labelled.
    """
    fold = assign_folds(y)
    for held_out in range(FOLDS):
        out = fold == held_out
        if out.any():
            yield np.flatnonzero(~out), np.flatnonzero(out)


def assign_folds(y: np.ndarray) -> np.ndarray:
    """The fold in which each row's label is held out: y (n,), -1 where unknown -> (n,).

    -1 for a row without a label, and for the only row of a class, which is always learnt.
    """
    fold = np.full(len(y), -1)
    for c in np.unique(y[y >= 0]):
        own = y == c
        if own.sum() > 1:
            fold[own] = np.arange(own.sum()) % FOLDS
    return fold
