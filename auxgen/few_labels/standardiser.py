"""Rows with mean 0 and standard deviation 1, of which none is far out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LARGEST = 10.0
"""Standard deviations from the mean at which rows are clipped."""


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Rows with mean 0 and standard deviation 1, clipped; columns that are constant become 0.

    Attributes:
        mean: (d,).
        std: (d,), 0 for a constant column.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, x: np.ndarray) -> Standardiser:
        """Mean and standard deviation of the columns of x (n, d)."""
        mean, std = x.mean(0), x.std(0)
        return cls(mean, np.where(std > 1e-6 * np.abs(mean), std, 0.0))

    def transform(self, x: np.ndarray) -> np.ndarray:
        """x (n, d) -> (n, d) float32."""
        scaled = (x - self.mean) / np.where(self.std > 0, self.std, 1.0) * (self.std > 0)
        return scaled.clip(-LARGEST, LARGEST).astype(np.float32)
