"""Classifiers of scikit-learn that vote beside an ensemble, and what they say of rows held out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

FOLDS = 3
MIXTURE_COLUMNS = 10
"""Most principal components that a mixture sees: its covariances are full."""


@dataclass(frozen=True, eq=False)
class Part:
    """A trained classifier.

    Attributes:
        predict: Standardised rows (m, d) -> class probabilities (m, k).
        held_out: Probabilities of the labelled rows, in their order, each by a classifier that did
            not learn its label; equal ones for a row that could not be held out: (n_l, k).
    """

    predict: Callable[[np.ndarray], np.ndarray]
    held_out: np.ndarray


def fit_logistic(x: np.ndarray, y: np.ndarray, seed: int) -> Part:
    """Logistic regression of the labelled rows: x (n, d), y (n,) with -1 where unknown."""
    del seed
    known, classes = y >= 0, int(y.max()) + 1
    x, y = x[known], y[known]

    def fit(rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        fitted = LogisticRegression(max_iter=500).fit(x[rows], y[rows])
        return lambda more: np.asarray(fitted.predict_proba(more))

    held_out = np.full((len(y), classes), 1 / classes)
    for kept, out in split_labelled_rows(y):
        held_out[out] = fit(kept)(x[out])
    return Part(fit(np.arange(len(y))), held_out)


def fit_forest(x: np.ndarray, y: np.ndarray, seed: int) -> Part:
    """A random forest of the labelled rows, held-out rows judged by trees that did not draw them.

    x (n, d), y (n,) with -1 where unknown.
    """
    known = y >= 0
    forest = RandomForestClassifier(100, oob_score=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows that every tree drew
        forest.fit(x[known], y[known])
    held_out = np.nan_to_num(forest.oob_decision_function_)
    none = held_out.sum(1) == 0
    held_out[none] = 1 / held_out.shape[1]
    return Part(lambda rows: np.asarray(forest.predict_proba(rows)), held_out)


def fit_mixture(x: np.ndarray, y: np.ndarray, seed: int) -> Part:
    """A mixture of Gaussians of all rows, whose components take the classes of labelled rows.

    There are two components for each class, on 10 principal components at most: x (n, d), y (n,)
    with -1 where unknown.
    """
    known, k = y >= 0, int(y.max()) + 1
    wide = x.shape[1] > MIXTURE_COLUMNS
    columns = PCA(min(MIXTURE_COLUMNS, len(x)), random_state=seed).fit(x) if wide else None

    def project(rows: np.ndarray) -> np.ndarray:
        return rows if columns is None else columns.transform(rows)

    components = max(1, min(2 * k, len(x) // 10))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fit that 100 rounds did not end
        mixture = GaussianMixture(components, reg_covar=1e-2, random_state=seed).fit(project(x))
    own = mixture.predict_proba(project(x[known]))
    labels = np.eye(k)[y[known]]

    def name_components(responsibilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
        counts = responsibilities.T @ labels + 1e-2
        return counts / counts.sum(1, keepdims=True)

    held_out = np.full((len(own), k), 1 / k)
    for kept, out in split_labelled_rows(y[known]):
        held_out[out] = own[out] @ name_components(own[kept], labels[kept])
    names = name_components(own, labels)
    return Part(lambda rows: mixture.predict_proba(project(rows)) @ names, held_out)


def split_labelled_rows(y: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows to learn from and rows held out, three times; each class is spread over the folds.

    The only row of a class is never held out, so that every class can be learnt: y (n,).
    """
    place = np.full(len(y), -1)
    for c in np.unique(y):
        own = y == c
        if own.sum() > 1:
            place[own] = np.arange(own.sum()) % FOLDS
    for fold in range(FOLDS):
        out = place == fold
        if out.any():
            yield np.flatnonzero(~out), np.flatnonzero(out)
