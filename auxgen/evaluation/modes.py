"""What a collapsed generator lacks: modes of a known mixture, and rows unlike each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from math import sqrt
from typing import NamedTuple, final

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError, require_at_least
from ..inference.sampling import sample_rows
from ..metrics import checks
from ..metrics import precision_recall as manifolds
from ..rng import get_device, use_seed
from ..score import Score
from .protocol import BINOMIAL_STANDARD_ERROR


class ModeCounts(NamedTuple):
    """Samples by mode.

    Attributes:
        counts: High-quality samples of each mode, (k,) int64.
        high_quality: Their share of all samples, ().
    """

    counts: Tensor
    high_quality: Tensor


def count_by_mode(x: Tensor, centres: Tensor, *, sd: float, radius: float = 3.0) -> ModeCounts:
    """Samples within `radius` standard deviations of their nearest mode: x (n, d), centres (k, d).

    3 as in Srivastava et al. (NIPS 2017, arXiv:1705.07761, section 4.1); in the plane it holds
    1 - exp(-9 / 2) = 98.9 % of true samples.
    """
    x = checks.check_features(x, "samples", min_rows=1)
    distance, mode = torch.cdist(x, centres.to(x)).min(1)
    near = distance <= radius * sd
    return ModeCounts(mode[near].bincount(minlength=len(centres)), near.double().mean())


def nearest_neighbour_distances(x: Tensor) -> Tensor:
    """Distance of each row to the nearest other one: (n, d) -> (n,) float64."""
    x = checks.check_features(x, "rows")
    between = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    return between.fill_diagonal_(torch.inf).amin(1)


def measure_duplicate_share(real: Tensor, fake: Tensor, *, quantile: float = 0.01) -> Tensor:
    """Share of fake rows with another one nearer than the nearest real rows are to each other.

    "Nearest" is the quantile, over real rows, of the distance to the nearest other one: with as
    many real and fake rows of one distribution the share is the quantile. real, fake (n, d) -> ().

    Raises:
        InputError: Not as many of both; distances shrink with the number.
    """
    if len(real) != len(fake):
        raise InputError(f"{len(real)} real and {len(fake)} fake rows; as many are wanted.")
    edge = nearest_neighbour_distances(real).quantile(quantile)
    return (nearest_neighbour_distances(fake) < edge).double().mean()


@final
@dataclass(frozen=True, eq=False)
class ModeCoverage:
    """Modes of a known mixture that samples cover, and how many samples lie near any.

    Attributes:
        centres: Of the modes in raw units, (k, d).
        space: How the model sees raw rows.
        sd: Standard deviation of each mode.
        n: Samples.
        min_share: Share of all samples that covers a mode, if they are of high quality.
        seed: Of the draws.
    """

    centres: Tensor
    space: Preprocessor
    _: KW_ONLY
    sd: float
    n: int = 10_000
    min_share: float = 0.01
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        with use_seed(self.seed, get_device(method)):
            counts, share = count_by_mode(
                sample_rows(method, self.space, self.n), self.centres, sd=self.sd
            )
        near = f"within 3 standard deviations of a mode; {self.n} samples, seed {self.seed}"
        few = f"modes of {len(self.centres)} with {100 * self.min_share:g} % of all samples, {near}"
        fraction = share.item()
        return {
            "modes": Score(
                value=float((counts >= self.min_share * self.n).sum()),
                unit="",
                n=self.n,
                protocol=few,
                detail={"counts": counts.tolist()},
            ),
            "high_quality": Score(
                value=100 * fraction,
                unit="%",
                n=self.n,
                protocol=f"samples {near}",
                spread=100 * sqrt(fraction * (1 - fraction) / self.n),
                spread_is=BINOMIAL_STANDARD_ERROR,
            ),
        }


@final
@dataclass(frozen=True, eq=False)
class SampleDiversity:
    """The watch for collapse: duplicates within a batch of samples, and recall of real rows.

    Attributes:
        real: Raw rows, as many as there shall be samples.
        space: How the model sees raw rows.
        split_name: For the protocol.
        seed: Of the draws.
    """

    real: Dataset
    space: Preprocessor
    _: KW_ONLY
    split_name: str = "test"
    seed: int = 0

    def __post_init__(self) -> None:
        require_at_least(4, rows=len(self.real))

    def __call__(self, method: object) -> dict[str, Score]:
        n, real = len(self.real), self.real.raw_rows().flatten(1)
        with use_seed(self.seed, get_device(method)):
            fake = sample_rows(method, self.space, n).flatten(1)
        what = f"{n} samples beside as many rows of the {self.split_name} split, by all entries"
        measures: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], str]] = {
            "duplicates": (
                measure_duplicate_share,
                "samples nearer to another than 99 % of real rows are",
            ),
            "recall": (
                _measure_recall,
                "real rows within the samples' manifold (improved recall, k = 3)",
            ),
        }
        return {
            name: Score(
                100 * measure(real, fake).item(), "%", n, f"{said}; {what}, seed {self.seed}"
            )
            for name, (measure, said) in measures.items()
        }


def _measure_recall(real: Tensor, fake: Tensor) -> Tensor:
    """Improved recall: real (n, d), fake (m, d) -> ()."""
    return manifolds.precision_recall(real, fake).recall
