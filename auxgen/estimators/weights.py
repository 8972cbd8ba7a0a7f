"""Rows that count more or less than once, in an order of their own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from ..errors import InputError

_ENOUGH = 1000
"""Rows from which statistics are taken where weights are not whole."""


@dataclass(frozen=True, eq=False)
class WeightedRows:
    """Different rows, and how often each counts.

    Attributes:
        x: (n, d).
        places: Index of each row's class (n,), -1 without a label.
        weights: (n,) float64, above 0.
    """

    x: np.ndarray
    places: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    @property
    def labelled(self) -> np.ndarray:
        """Which rows have a label (n,)."""
        return self.places >= 0

    def select(self, chosen: np.ndarray) -> WeightedRows:
        """The rows of a mask or of indices."""
        return WeightedRows(self.x[chosen], self.places[chosen], self.weights[chosen])

    def equals(self, other: WeightedRows) -> bool:
        """Whether these are the same rows, with the same classes and weights."""
        pairs = ((self.x, other.x), (self.places, other.places), (self.weights, other.weights))
        return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)

    def join(self, other: WeightedRows) -> WeightedRows:
        """These rows and others, equal ones once."""
        parts = zip(
            (self.x, self.places, self.weights), (other.x, other.places, other.weights), strict=True
        )
        return merge_rows(*(np.concatenate(part) for part in parts))

    def repeat(self) -> np.ndarray:
        """Each row as often as it counts, or where weights are not whole in proportion: (m, d)."""
        return self.x if (self.weights == 1).all() else self.x[self.repeat_places()]

    def repeat_places(self) -> np.ndarray:
        """The rows of `repeat`, as indices (m,)."""
        total = self.weights.sum()
        whole = (self.weights == np.round(self.weights)).all()
        more = 1 if whole else ceil(_ENOUGH / total)
        size = max(1, round(total * more))
        points = (np.arange(size) + 0.5) * (total / size)
        rows = np.searchsorted(self.weights.cumsum(), points, side="right")
        return rows.clip(max=len(self) - 1)


def check_weights(sample_weight: Any, x: np.ndarray) -> np.ndarray:
    """Weights of rows x (n, d), 1 for each where None is given: -> (n,) float64.

    Raises:
        InputError: One is below 0.
        ValueError: There is not one for each row, one is not finite, or all are 0.
    """
    weights = _check_sample_weight(sample_weight, x, dtype=np.float64)
    if (weights < 0).any():
        raise InputError(f"sample_weight is {weights.min():g} for a row; expected 0 or more.")
    return weights


def merge_rows(x: np.ndarray, places: np.ndarray, weights: np.ndarray) -> WeightedRows:
    """The different rows of x (n, d) with classes (n,) and weights (n,), in an order of their own.

    Rows of weight 0 are left out and equal ones become one, whose weight is their sum: a row of
    weight 2 is the same as the row twice, and the order of the rows is no matter.
    """
    kept = weights > 0
    x, places, weights = np.ascontiguousarray(x[kept]) + 0.0, places[kept], weights[kept]
    words = [
        hashlib.blake2b(row.tobytes(), digest_size=16, key=str(place).encode()).digest()
        for row, place in zip(x, places, strict=True)
    ]
    _, first, group = np.unique(np.array(words), return_index=True, return_inverse=True)
    return WeightedRows(x[first], places[first], np.bincount(group, weights))
