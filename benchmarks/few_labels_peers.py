"""What people would take instead: ten classifiers of few labels, from scikit-learn.

A peer is a function of standardised rows (n, d), classes (n,) with -1 where unknown, test rows
(m, d) and a seed, which gives class probabilities of the test rows (m, k).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

Peer = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
Maker = Callable[[int, int], ClassifierMixin]
"""(seed, columns) -> an estimator of scikit-learn."""


def learn_from_labelled(make: Maker) -> Peer:
    """A classifier that sees the labelled rows alone."""

    def predict(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
        known = y >= 0
        return make(seed, x.shape[1]).fit(x[known], y[known]).predict_proba(x_test)  # pyright: ignore

    return predict


def learn_from_all(make: Maker) -> Peer:
    """A classifier that takes -1 as no label."""

    def predict(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
        return make(seed, x.shape[1]).fit(x, y).predict_proba(x_test)  # pyright: ignore

    return predict


def make_logistic(seed: int, d: int) -> ClassifierMixin:
    del seed, d
    return LogisticRegression(max_iter=500)


def make_forest(seed: int, d: int) -> ClassifierMixin:
    del d
    return RandomForestClassifier(100, random_state=seed)


def make_discriminant(seed: int, d: int) -> ClassifierMixin:
    del seed, d
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def make_perceptron(seed: int, d: int) -> ClassifierMixin:
    del d
    return MLPClassifier((100,), solver="lbfgs", alpha=1.0, max_iter=200, random_state=seed)


def make_neighbours(seed: int, d: int) -> ClassifierMixin:
    del seed, d
    return KNeighborsClassifier(3)


def make_spreading_rbf(seed: int, d: int) -> ClassifierMixin:
    del seed
    return LabelSpreading(gamma=1 / d)


def make_spreading_knn(seed: int, d: int) -> ClassifierMixin:
    del seed, d
    return LabelSpreading(kernel="knn", n_neighbors=7)


def make_self_training_logistic(seed: int, d: int) -> ClassifierMixin:
    return SelfTrainingClassifier(make_logistic(seed, d), threshold=0.9)


def make_self_training_forest(seed: int, d: int) -> ClassifierMixin:
    return SelfTrainingClassifier(make_forest(seed, d), threshold=0.9)


def predict_by_mixture(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
    """A mixture of Gaussians of all rows, each component given the classes of its labelled rows.

    Two full components a class on the 10 widest principal components at most; a component without
    labelled rows takes the classes of all labelled rows by their likelihood.
    """
    k = int(y.max()) + 1
    if x.shape[1] > 10:
        fitted = PCA(10, random_state=seed).fit(x)
        x, x_test = fitted.transform(x), fitted.transform(x_test)
    mixture = GaussianMixture(min(2 * k, len(x) // 10), reg_covar=1e-2, random_state=seed).fit(x)
    known = y >= 0
    counts = mixture.predict_proba(x[known]).T @ np.eye(k)[y[known]] + 1e-2
    return mixture.predict_proba(x_test) @ (counts / counts.sum(1, keepdims=True))


PEERS: Mapping[str, Peer] = {
    "LR": learn_from_labelled(make_logistic),
    "LDA-shrink": learn_from_labelled(make_discriminant),
    "RF": learn_from_labelled(make_forest),
    "MLP": learn_from_labelled(make_perceptron),
    "3-NN": learn_from_labelled(make_neighbours),
    "LabelSpreading-rbf": learn_from_all(make_spreading_rbf),
    "LabelSpreading-knn": learn_from_all(make_spreading_knn),
    "SelfTraining-LR": learn_from_all(make_self_training_logistic),
    "SelfTraining-RF": learn_from_all(make_self_training_forest),
    "GMM-then-label": predict_by_mixture,
}
AVERAGES: Mapping[str, tuple[str, ...]] = {
    "LR + RF": ("LR", "RF"),
    "LR + RF + GMM": ("LR", "RF", "GMM-then-label"),
    "SelfTraining-LR + RF": ("SelfTraining-LR", "RF"),
}
"""Means of the probabilities of peers."""


def predict_with_peer(
    name: str, x: np.ndarray, y: np.ndarray, x_test: np.ndarray, seed: int
) -> np.ndarray:
    """Probabilities (m, k) of one peer; rows that it leaves without one get equal ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probs = PEERS[name](x, y, x_test, seed)
    probs = np.where(np.isfinite(probs).all(1, keepdims=True), probs, 1 / probs.shape[1])
    return probs / probs.sum(1, keepdims=True)
