"""What protocols and spreads have in common."""

from __future__ import annotations

from math import sqrt

from torch import Tensor

BINOMIAL_STANDARD_ERROR = "binomial standard error"
ROW_STANDARD_ERROR = "standard error over rows"


def standard_error(each: Tensor) -> float | None:
    """Of the mean of independent rows: each (n,); None for a single row."""
    return (each.std() / sqrt(len(each))).item() if len(each) > 1 else None


def describe_rows(split_name: str, n: int, binarised_seed: int | None) -> str:
    """The rows of a protocol, in words."""
    made = "" if binarised_seed is None else f" binarised once with seed {binarised_seed}"
    return f"{split_name} split, {n} rows{made}"
