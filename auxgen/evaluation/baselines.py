"""Errors of known classifiers on the same split, to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, Protocol, final

import numpy as np
import torch
from torch import Tensor

from ..functional.dense_paths import spread_labels
from ..score import Score
from .protocol import SplitEvaluation, make_share_score


class BaselineClassifier(Protocol):
    """A classifier in scikit-learn's manner; y == -1 marks rows without a label."""

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from x (n, d) and y (n,)."""

    def predict(self, X: Any) -> Any:
        """x (n, d) -> classes (n,)."""


def make_knn_label_spreading() -> BaselineClassifier:
    """Label spreading (Zhou et al. 2004) on the graph of 7 nearest neighbours."""
    from sklearn.semi_supervised import LabelSpreading

    return LabelSpreading(kernel="knn", n_neighbors=7)


def make_rbf_label_spreading() -> BaselineClassifier:
    """Label spreading (Zhou et al. 2004) with weights exp(-5 |x - x'|^2).

    Holds all pairs of rows in memory: for 10,000 rows at most.
    """
    from sklearn.semi_supervised import LabelSpreading

    return LabelSpreading(kernel="rbf", gamma=5)


class DensePathClassifier:
    """The label that `spread_labels` gives the nearest training row."""

    def fit(self, X: Any, y: Any) -> DensePathClassifier:
        from sklearn.neighbors import KNeighborsClassifier

        found = spread_labels(torch.as_tensor(X), torch.as_tensor(y)).numpy()
        self.nearest = KNeighborsClassifier(1).fit(X[found >= 0], found[found >= 0])
        return self

    def predict(self, X: Any) -> Any:
        return self.nearest.predict(X)


@final
@dataclass(frozen=True, eq=False)
class BaselineError(SplitEvaluation):
    """Error in per cent of a known classifier on the same split; it ignores the method.

    Attributes:
        make_baseline: Makes the classifier, such as `make_knn_label_spreading`.
        x_train: Rows it learns from, (m, *event).
        y_train: Class indices (m,), -1 for no label.
        x: Rows it is measured on, (n, *event).
        y: Class indices (n,); rows of -1 are left out.
    """

    make_baseline: Callable[[], BaselineClassifier]
    _: KW_ONLY
    x_train: Tensor
    y_train: Tensor
    x: Tensor
    y: Tensor
    name: str

    def __call__(self, method: object) -> Score:
        known = self.y >= 0
        baseline = self.make_baseline()
        baseline.fit(self.x_train.flatten(1).cpu().numpy(), self.y_train.cpu().numpy())
        # label spreading divides 0 by 0 for a row that no label reaches, and takes the first class
        with np.errstate(invalid="ignore"):
            predicted = baseline.predict(self.x[known].flatten(1).cpu().numpy())
        wrong = torch.as_tensor(predicted) != self.y[known].cpu()
        labelled = int((self.y_train >= 0).sum())
        what = f"{self.name} fitted on {len(self.y_train)} training rows, {labelled} labelled"
        protocol = self.describe_protocol(what, len(wrong), "no draws", "no seed")
        percent = 100 * wrong.double().mean().item()
        return make_share_score(percent, len(wrong), protocol, whole=100)
