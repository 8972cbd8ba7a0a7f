"""Folds for partly labelled rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from .labels import read_labels


class LabelledKFold:
    """Folds of the labelled rows alone, stratified; rows without a label are always learned from.

    With it every scorer of scikit-learn sees labelled rows only: give it as `cv`.

    Args:
        n_splits: Number of folds, 2 or more.
        random_state: Seed of a shuffle; None for none.
        unlabelled: The mark of a row without a label, as of `SemiSupervisedClassifier`.
    """

    def __init__(
        self, n_splits: int = 5, *, random_state: int | None = None, unlabelled: Any = -1
    ) -> None:
        self.n_splits, self.random_state, self.unlabelled = n_splits, random_state, unlabelled

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of folds."""
        del X, y, groups
        return self.n_splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        """Rows to learn from and rows held out, for each fold."""
        del X, groups
        places = read_labels(y, self.unlabelled).places
        known, blank = np.flatnonzero(places >= 0), np.flatnonzero(places < 0)
        folds = StratifiedKFold(
            self.n_splits, shuffle=self.random_state is not None, random_state=self.random_state
        )
        for kept, out in folds.split(known, places[known]):
            yield np.sort(np.concatenate((known[kept], blank))), known[out]
