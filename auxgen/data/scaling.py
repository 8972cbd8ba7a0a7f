"""Scales of numbers of any size, in float64: how columns come to mean 0 and deviation 1."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

LIMIT = 20.0
"""Deviations from the mean beyond which all numbers are the same to a model."""
_HEAVY_TAILS = 5.0
"""Standard deviations over robust ones from which outliers, and not the rows, make the scale."""
_ULPS = 4 * np.finfo(np.float64).eps


class Scale(NamedTuple):
    """What d columns are shifted and scaled by.

    Attributes:
        shift: (d,) float64.
        scale: (d,) float64, above 0; 1 where a column is constant.
        compressed: Which columns have outliers that would make the scale (d,): their median and
            robust deviation are in its place, and asinh of what comes out brings outliers close.
    """

    shift: np.ndarray
    scale: np.ndarray
    compressed: np.ndarray


def find_constant(x: np.ndarray) -> np.ndarray:
    """Which columns never change, but for rounding; NaN is unknown: x (n, d) -> (d,) bool."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column that is unknown throughout
        low, high, size = np.nanmin(x, 0), np.nanmax(x, 0), np.nanmax(np.abs(x), 0)
        return ~(high / 2 - low / 2 > _ULPS / 2 * size)


def measure_scale(x: np.ndarray) -> Scale:
    """Means and standard deviations, or robust ones, of known entries: x (n, d) float64."""
    constant = find_constant(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        size = np.nan_to_num(np.nanmax(np.abs(x), 0), nan=1.0)
        size[size == 0] = 1.0  # sums and squares of 1e300 would overflow, those of 1e-300 vanish
        unit = x / size
        shift, scale = np.nanmean(unit, 0), np.nanstd(unit, 0)
        quantile = np.nanquantile if np.isnan(x).any() else np.quantile  # the first is slow
        low, middle, high = quantile(unit, (0.25, 0.5, 0.75), axis=0)
    robust = (high - low) / 1.349  # the standard deviation of a Gaussian
    compressed = ~constant & (robust > 0) & (scale > _HEAVY_TAILS * robust)
    shift, scale = np.where(compressed, middle, shift), np.where(compressed, robust, scale)
    scale = scale * size
    scale = np.where(constant | ~(scale > 0), 1.0, scale)
    return Scale(np.nan_to_num(shift * size), scale, compressed)


def measure_columns(x: np.ndarray, *, free: np.ndarray, fixed: np.ndarray) -> Scale:
    """Scales of columns of several kinds: x (n, d) float64, NaN where unknown.

    Likelihoods of counts, levels and proportions need every entry as it is: deviations of columns
    that are not free are at least a `LIMIT`-th of the greatest distance from the mean, and nothing
    is compressed.

    Args:
        x: The columns.
        free: Those of which outliers may be compressed or limited (d,), see `measure_scale`.
        fixed: Those that stay as they are (d,).
    """
    scale = measure_scale(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        mean, std = np.nanmean(x, 0), np.nanstd(x, 0)
        farthest = np.nanmax(np.abs(x - mean), 0) / LIMIT * (1 + 1e-6)
    plain = np.nan_to_num(np.maximum(std, farthest))
    plain = np.where(plain > 0, plain, 1.0)
    shift = np.where(free, scale.shift, np.nan_to_num(mean))
    width = np.where(free, scale.scale, plain)
    compressed = scale.compressed & free
    return Scale(np.where(fixed, 0.0, shift), np.where(fixed, 1.0, width), compressed)
