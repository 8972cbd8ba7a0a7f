"""Fields, protocols and spreads that evaluations share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from math import sqrt
from typing import Any

from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..inference.batched import binarise_with_seed
from ..score import BINOMIAL_STANDARD_ERROR, Score, wilson_interval

ROW_STANDARD_ERROR = "standard error over rows"


@dataclass(frozen=True, eq=False)
class SplitEvaluation(ABC):
    """A measure of a method on rows of a split.

    Attributes:
        split_name: Name of the split, for the protocol.
    """

    _: KW_ONLY
    split_name: str = "test"

    @abstractmethod
    def __call__(self, method: object) -> Score | Mapping[str, Score]:
        """Scores of a method in eval mode."""

    def describe_protocol(self, what: str, n: int, *details: str) -> str:
        """What is measured, on how many rows of the split, and further details, in words."""
        return f"{what}; {', '.join((self.describe_split(n), *details))}"

    def describe_split(self, n: int) -> str:
        return f"{self.split_name} split, {n} rows"

    def describe_rows(self, n: int) -> str:
        return f"{n} rows of the {self.split_name} split"

    def require_labels(self, is_labelled: Tensor) -> None:
        """Raise an InputError where no row has a label: is_labelled (n,) bool."""
        if not is_labelled.any():
            split = f"The {self.split_name} split"
            raise InputError(f"{split} has no labelled row; one or more is expected.")


@dataclass(frozen=True, eq=False)
class RowEvaluation(SplitEvaluation):
    """A measure of rows as the model sees them, with random draws.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        binarised_seed: Seed with which the rows are binarised once; None leaves them.
        rows: Rows that pass at once.
        seed: Seed of the draws.
    """

    x: Tensor
    _: KW_ONLY
    binarised_seed: int | None = None
    rows: int = 256
    seed: int = 0

    def prepare_rows(self, x: Tensor) -> Tensor:
        """x (n, *event), binarised where there is a seed for it."""
        return x if self.binarised_seed is None else binarise_with_seed(x, self.binarised_seed)

    def describe_split(self, n: int) -> str:
        split, seed = super().describe_split(n), self.binarised_seed
        return split if seed is None else f"{split} binarised once with seed {seed}"


@dataclass(frozen=True, eq=False)
class DrawEvaluation(RowEvaluation):
    """A measure that averages over draws for each row.

    Attributes:
        draws: Draws for each row, such as estimates of a bound.
    """

    _: KW_ONLY
    draws: int = 1

    def describe_draws(self) -> str:
        return "1 draw a row" if self.draws == 1 else f"{self.draws} draws a row"


@dataclass(frozen=True, eq=False)
class PictureEvaluation(SplitEvaluation):
    """A measure with real pictures, or other raw rows, beside it.

    Attributes:
        real: Raw rows.
        space: How the model sees raw rows.
    """

    real: Dataset
    space: Preprocessor

    def describe_real_rows(self) -> str:
        return f"the {self.describe_rows(len(self.real))}"


def standard_error(each: Tensor) -> float | None:
    """Standard error of the mean of independent rows: each (n,); None for a single row."""
    return (each.std() / sqrt(len(each))).item() if len(each) > 1 else None


def make_mean_score(each: Tensor, unit: str, protocol: str, **more: Any) -> Score:
    """The mean over independent rows (n,) with its standard error; `more` as in `Score`."""
    mean, spread = each.mean().item(), standard_error(each)
    return Score(mean, unit, len(each), protocol, spread, ROW_STANDARD_ERROR, **more)


def make_share_score(
    part: float, n: int, protocol: str, *, whole: float = 1.0, **more: Any
) -> Score:
    """A share of n rows in per cent, with its 95 % interval; `more` as in `Score`.

    The share is `part` out of `whole`: 1 for a fraction, 100 for a number in per cent. Its binomial
    standard error says nothing where it is 0, at no error or none right, and is left out there.
    """
    share = min(max(part / whole, 0.0), 1.0)
    spread = 100 * sqrt(share * (1 - share) / n) or None
    spread_is = "" if spread is None else BINOMIAL_STANDARD_ERROR
    interval = measure_interval(share, n)
    return Score(100 * share, "%", n, protocol, spread, spread_is, interval, **more)


def measure_interval(share: float, n: int) -> tuple[float, float]:
    """The 95 % confidence interval, in per cent, of a share in [0, 1] of n rows."""
    low, high = wilson_interval(share, n)
    return 100 * low, 100 * high
