"""Known classifiers on the same split: the number that a deep model has to beat."""

from __future__ import annotations

from typing import Any, Protocol


class BaselineClassifier(Protocol):
    """A classifier in scikit-learn's manner; y == -1 marks rows without a label."""

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from x (n, d) and y (n,)."""
        ...

    def predict(self, X: Any) -> Any:
        """x (n, d) -> classes (n,)."""
        ...


def make_knn_label_spreading(neighbours: int = 7) -> BaselineClassifier:
    """Label spreading (Zhou et al. 2004) on the graph of nearest neighbours."""
    from sklearn.semi_supervised import LabelSpreading

    return LabelSpreading(kernel="knn", n_neighbors=neighbours)


def make_rbf_label_spreading(gamma: float = 5.0) -> BaselineClassifier:
    """Label spreading (Zhou et al. 2004) with weights exp(-gamma |x - x'|^2).

    Holds all pairs of rows in memory: for 10,000 rows at most.
    """
    from sklearn.semi_supervised import LabelSpreading

    # scikit-learn's stub wants an int, its code any positive real
    return LabelSpreading(kernel="rbf", gamma=gamma)  # pyright: ignore[reportArgumentType]
