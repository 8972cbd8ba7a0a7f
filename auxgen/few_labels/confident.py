"""Few labels on features of a trained network: the surest rows get labels, and all learn from them.

Such features tell classes apart nearly by themselves, so that a linear classifier is right about
the rows that it is surest of. Settings were chosen on pictures put aside, see
docs/guides/few-labels.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from ..methods.ensemble import Ensemble
from .committee import predict
from .ensemble import EnsembleSettings, train_ensemble
from .given_rows import read_given_rows
from .votes import estimate_class_shares

ROUNDS = 10
SHARE = 0.8
"""Share of the rows without a label that get one."""
STRENGTH = 0.1
"""C of logistic regression, of rows whose mean square is 1."""
LABELS_WEIGHT = 0.1
"""What a person's labels weigh together, where the labels that are given weigh 1."""
MEMBERS = 4


@dataclass(frozen=True, eq=False)
class ConfidentLabels:
    """Labels of a person and of a classifier.

    Attributes:
        y: Classes (n,), -1 where the classifier is not sure.
        classifier: Logistic regression of rows divided by `scale`.
        scale: The root of the rows' mean square.
    """

    y: np.ndarray
    classifier: Any
    scale: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        """What the classifier says of other rows: x (m, d) -> (m, k)."""
        return self.classifier.predict_proba(x / self.scale)


@dataclass(frozen=True, eq=False)
class ConfidentClassifier:
    """M2s that learned from confident rows, and the classifier that gave them labels.

    Attributes:
        labels: What they learned from.
        m2s: The M2s, of rows divided by `labels.scale`.
    """

    labels: ConfidentLabels
    m2s: Ensemble

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The mean of what both say of other rows: x (m, d) -> (m, k)."""
        rows = torch.from_numpy(x / self.labels.scale).float()
        return (predict(self.m2s, rows) + self.labels.predict(x)) / 2


def fit_confident_classifier(
    x: np.ndarray,
    y: np.ndarray,
    *,
    share: float = SHARE,
    frequencies: np.ndarray | None = None,
    settings: EnsembleSettings | None = None,
    seed: int = 0,
) -> ConfidentClassifier:
    """Label the surest rows, and train M2s on all rows; arguments as `label_confident_rows`.

    Args:
        settings: How the M2s learn.
        seed: Seed of their weights, batches and draws.
    """
    labels = label_confident_rows(x, y, share=share, frequencies=frequencies)
    rows = torch.from_numpy(np.asarray(x) / labels.scale).float()
    labelled = torch.from_numpy(np.flatnonzero(labels.y >= 0))
    m2s, _ = train_ensemble(
        rows,
        torch.from_numpy(labels.y),
        [labelled] * MEMBERS,
        settings or EnsembleSettings(),
        seed=seed,
    )
    return ConfidentClassifier(labels, m2s.eval())


def label_confident_rows(
    x: np.ndarray,
    y: np.ndarray,
    *,
    share: float = SHARE,
    frequencies: np.ndarray | None = None,
) -> ConfidentLabels:
    """Give labels to the rows without one that logistic regression is surest of.

    It learns the labels, labels the surest rows, learns these too, and so on; the number of rows
    rises to a share of all that have no label. In each class it is in proportion to the class's
    frequency: a threshold for all classes would label the easy ones alone, and the classifier
    would forget the others (Zou et al., ECCV 2018, section 4). Unknown frequencies are estimated,
    and held at the shares of the labels: where they are far from these, this is worse than a
    threshold.

    Args:
        x: Rows in one unit, such as `features.reduction` gives (n, d).
        y: Classes (n,), -1 where unknown; each has a labelled row, and there are two or more.
        share: Share of the rows without a label that get one.
        frequencies: Of the classes among the rows (k,), where they are known.

    Raises:
        InputError: x or y are something else.
    """
    x, y = read_given_rows(x, y)
    known, others = np.flatnonzero(y >= 0), np.flatnonzero(y < 0)
    scale = float(np.sqrt((x**2).mean())) or 1.0
    x, given = x / scale, y.copy()
    labelled = np.bincount(y[known]) / len(known)
    fitted = _fit(x[known], y[known], np.ones(len(known)))
    for turn in range(1, ROUNDS + 1 if len(others) else 1):
        probs = fitted.predict_proba(x[others])
        own = estimate_class_shares(probs, labelled) if frequencies is None else frequencies
        counts = (own * share * turn / ROUNDS * len(others)).round().astype(int)
        surest = find_surest_rows(probs, counts)
        given[others] = -1
        given[others[surest]] = probs[surest].argmax(1)
        learned = np.concatenate((known, others[surest]))
        each = max(1.0, LABELS_WEIGHT * len(surest) / len(known))
        weights = np.where(np.arange(len(learned)) < len(known), each, 1.0)
        fitted = _fit(x[learned], given[learned], weights)
    return ConfidentLabels(given, fitted, scale)


def find_surest_rows(probs: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """So many rows of each class, the surest of those that are most probably of it.

    probs (m, k), counts (k,) -> indices, fewer of a class that has no more.
    """
    classes, confidence = probs.argmax(1), probs.max(1)
    found = []
    for c, count in enumerate(counts):
        own = np.flatnonzero(classes == c)
        found.append(own[np.argsort(-confidence[own], kind="stable")[:count]])
    return np.concatenate(found)


def _fit(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Any:
    return LogisticRegression(C=STRENGTH, max_iter=300).fit(x, y, weights)
