"""What people would take instead: ten classifiers of few labels, from scikit-learn.

Their settings did best on development tables, by accuracy, then log loss. A peer is a function of
standardised rows (n, d), classes (n,) with -1 where unknown, and a seed; it gives a function of
rows (m, d) that returns class probabilities (m, k).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from auxgen.few_labels import parts

Predict = Callable[[np.ndarray], np.ndarray]
Peer = Callable[[np.ndarray, np.ndarray, int], Predict]
Maker = Callable[[int, int], Any]
"""(seed, columns) -> an estimator of scikit-learn."""


def use_labelled(make: Maker) -> Peer:
    """A classifier that sees the labelled rows alone."""

    def fit(x: np.ndarray, y: np.ndarray, seed: int) -> Predict:
        known = y >= 0
        return make(seed, x.shape[1]).fit(x[known], y[known]).predict_proba

    return fit


def use_all(make: Maker) -> Peer:
    """A classifier that takes -1 as no label."""
    return lambda x, y, seed: make(seed, x.shape[1]).fit(x, y).predict_proba


def make_self_training(base: Any, threshold: float) -> SelfTrainingClassifier:
    return SelfTrainingClassifier(base, threshold=threshold)


PARTS = {
    "LR": parts.fit_logistic,
    "RF": parts.fit_forest,
    "GMM-then-label": parts.fit_mixture,
}
"""Peers that are also the committee's, and hold labelled rows out themselves."""
PEERS: Mapping[str, Peer] = {
    "LDA-shrink": use_labelled(
        lambda seed, d: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    ),
    "MLP": use_labelled(
        lambda seed, d: MLPClassifier(
            (100,), solver="lbfgs", alpha=1.0, max_iter=200, random_state=seed
        )
    ),
    "3-NN": use_labelled(lambda seed, d: KNeighborsClassifier(3)),
    "LabelSpreading-rbf": use_all(
        lambda seed, d: LabelSpreading(gamma=10 / d)  # pyright: ignore[reportArgumentType]
    ),
    "LabelSpreading-knn": use_all(lambda seed, d: LabelSpreading(kernel="knn", n_neighbors=15)),
    "SelfTraining-LR": use_all(
        lambda seed, d: make_self_training(LogisticRegression(max_iter=500), 0.97)
    ),
    "SelfTraining-RF": use_all(
        lambda seed, d: make_self_training(RandomForestClassifier(50, random_state=seed), 0.9)
    ),
}
HELD_OUT_BY = {"SelfTraining-RF": "RF"}
"""Whose held-out rows stand for a peer that takes too long to be fitted four times."""
NAMES = (*PARTS, *PEERS)
AVERAGES: Mapping[str, tuple[str, ...]] = {
    "LR + RF": ("LR", "RF"),
    "LR + RF + GMM": ("LR", "RF", "GMM-then-label"),
    "SelfTraining-LR + RF": ("SelfTraining-LR", "RF"),
}
"""Means of the probabilities of peers."""


def hold_out(peer: Peer, x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Probabilities of the labelled rows by a peer that did not learn their labels: (n_l, k)."""
    rows = np.flatnonzero(y >= 0)
    held_out = np.zeros((len(rows), int(y.max()) + 1))
    for _, out in parts.split_labelled_rows(y[rows]):
        known = y.copy()
        known[rows[out]] = -1
        held_out[out] = peer(x, known, seed)(x[rows[out]])
    return held_out


def normalise(probs: np.ndarray) -> np.ndarray:
    """Probabilities that sum to 1; rows without any get equal ones: (m, k) -> (m, k)."""
    usable = np.isfinite(probs).all(1) & (probs.sum(1) > 0)
    probs = np.where(usable[:, None], probs, 1.0)
    return probs / probs.sum(1, keepdims=True)
