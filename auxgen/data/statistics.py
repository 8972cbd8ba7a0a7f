"""Statistics of rows that may be too many for memory."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..rng import derive_seed
from .dataset import Dataset
from .scaling import find_constant
from .storage import is_large, split_rows

TYPICAL_BYTES = 64 * 2**20
"""Bytes of rows, as float64, from which means, deviations and quantiles of a large table are
taken: a deviation is known to half a per cent from 20,000 rows."""


def measure_entries(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each entry of raw rows, float32 (d,) both, pixels in [0, 1].

    Those of large sets are of sums in float64, part by part.
    """
    if not is_large(dataset.x):
        raw = dataset.raw_rows().flatten(1)
        return raw.mean(0), raw.std(0, correction=0)
    first, unit = dataset.x[0].flatten().double(), 255.0 if dataset.kind == "images" else 1.0
    total, squares = torch.zeros_like(first), torch.zeros_like(first)
    exact = torch.float32 if dataset.kind == "images" else torch.float64  # of bytes, either is
    near = first.to(exact)
    for part in split_rows(dataset.x):
        distance = part.flatten(1).to(exact) - near  # small where squares would lose digits
        total += distance.sum(0)
        squares += distance.square().sum(0)
    mean = total / len(dataset)
    variance = (squares / len(dataset) - mean.square()).clamp(min=0)
    return ((first + mean) / unit).float(), (variance.sqrt() / unit).float()


def take_typical_rows(x: Tensor) -> np.ndarray:
    """The rows (n, d) as float64, NaN where unknown; of a large table some, drawn at random.

    They have the smallest and the largest number of columns that seem to be constant, or whole
    numbers, whose likelihoods have ends. In others, single rows far from all would count too much.
    """
    if not is_large(x):
        return x.double().numpy()
    count = max(1, TYPICAL_BYTES // (8 * x.shape[1]))
    generator = torch.Generator().manual_seed(derive_seed(len(x)))
    drawn = torch.randperm(len(x), generator=generator)[:count]
    some = x.index_select(0, drawn.sort().values).double()
    known = some.nan_to_num(0.0)
    bounded = (known == known.floor()).all(0) | torch.from_numpy(find_constant(some.numpy()))
    extremes = _find_extreme_rows(x)[:, bounded].flatten()
    rows = torch.cat((drawn, extremes)).unique()
    return x.index_select(0, rows).double().numpy()


def _find_extreme_rows(x: Tensor) -> Tensor:
    """Of each column a row with its smallest and one with its largest known number: -> (2, d)."""
    found = []
    for sign in (1, -1):
        best = torch.full((x.shape[1],), torch.inf, dtype=x.dtype)
        rows, start = torch.zeros(x.shape[1], dtype=torch.int64), 0
        for part in split_rows(x):
            low, place = (sign * part).nan_to_num(torch.inf).min(0)
            rows = torch.where(low < best, place + start, rows)
            best, start = torch.minimum(low, best), start + len(part)
        found.append(rows)
    return torch.stack(found)
