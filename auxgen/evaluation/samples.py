"""Samples beside true rows: distances, modes of a known mixture, and signs of collapse."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property, partial
from statistics import mean, stdev
from typing import Any, NamedTuple, final

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..errors import InputError, require_at_least
from ..inference.codes import sample_rows
from ..method import Samples, require
from ..metrics import checks
from ..metrics.precision_recall import precision_recall
from ..metrics.wasserstein import exact_wasserstein_distance, sliced_wasserstein_distance
from ..rng import derive_seed, get_device, use_seed
from ..runs.extremes import MOST_DUPLICATES
from ..score import Score
from .protocol import PictureEvaluation, SplitEvaluation, make_share_score

_SLICED = partial(sliced_wasserstein_distance, projections=500)
DISTANCES: Mapping[str, tuple[Callable[[Tensor, Tensor], Tensor], str]] = {
    "w1": (exact_wasserstein_distance, "exact 1-Wasserstein distance"),
    "sliced_w1": (_SLICED, "sliced W1, 500 directions"),
}
"""Distance of two sets, and its name in words."""


@final
@dataclass(frozen=True, eq=False)
class WassersteinFromRows(SplitEvaluation):
    """How far samples are from rows, at a number of rows where equal distributions are above 0.

    Attributes:
        x: Rows as the model sees them, (n, d).
        other_rows: Further rows of the same source, (m, d), whose distance from x is measured, too.
        measures: Names of DISTANCES.
        n: Rows in each set, at most.
    """

    x: Tensor
    other_rows: Tensor
    _: KW_ONLY
    measures: tuple[str, ...] = ("w1",)
    n: int = 2000
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        n = min(self.n, len(self.x), len(self.other_rows))
        real, others = self.x[:n].flatten(1), self.other_rows[:n].flatten(1)
        with use_seed(self.seed, get_device(method)):
            samples = require(method, Samples).sample(n).flatten(1).cpu()
        scores = {}
        for name in self.measures:
            distance, what = DISTANCES[name]
            value, of_rows = distance(real, samples).item(), distance(real, others).item()
            protocol = (
                f"{what}, where other rows are at {of_rows:.3g}; {n} samples against "
                f"{self.describe_rows(n)} as the model sees them, seed {self.seed}"
            )
            detail = {"of_other_rows": of_rows}
            scores[name] = Score(value, "", n, protocol, detail=detail)
        return scores


def draw_samples(method: object, n: int) -> Tensor:
    """n samples of a generative model: -> (n, d)."""
    return require(method, Samples).sample(n)


@final
@dataclass(frozen=True, eq=False)
class WassersteinFromTruth:
    """Exact 1-Wasserstein distance of samples from the truth (ASL, figure 3).

    Attributes:
        sample_truth: (n, seed) -> n fresh true rows as the model sees them, (n, d).
        n: Rows on either side; at finite n equal distributions are above 0, see `score_truth`.
        pairs: Independent pairs of n samples and n true rows, over which the mean is taken.
        unit: Unit of the rows' coordinates.
        draw: (method, n) -> rows (n, d).
    """

    sample_truth: Callable[[int, int], Tensor]
    _: KW_ONLY
    n: int = 2000
    pairs: int = 2
    unit: str = "standard deviations"
    draw: Callable[[Any, int], Tensor] = draw_samples
    seed: int = 0

    def __call__(self, method: object) -> Score:
        with use_seed(self.seed, get_device(method)):
            drawn = self.draw(method, self.pairs * self.n).cpu()
        distances = _measure_pair_distances(drawn.split(self.n), self.draw_true_sets(0))
        return self.make_score(distances, "samples")

    def score_truth(self, method: object) -> Score:
        """The distance of two true sets at this n, with its spread; the method is ignored.

        It is no lower limit: of single sets a model's may be nearer than another true one.
        """
        del method
        return self.make_score(self.true_distances, "other fresh true rows")

    @cached_property
    def true_distances(self) -> list[float]:
        """Distances of true sets from other true sets, one for each pair."""
        return _measure_pair_distances(self.draw_true_sets(0), self.draw_true_sets(1))

    def draw_true_sets(self, side: int) -> list[Tensor]:
        """A fresh true set for each pair, (n, d)."""
        seeds = (derive_seed(self.seed, 6, side, pair) for pair in range(self.pairs))
        return [self.sample_truth(self.n, seed) for seed in seeds]

    def make_score(self, each: list[float], what: str) -> Score:
        """The mean of distances, one for each pair, with those of true sets in its detail."""
        protocol = (
            f"exact 1-Wasserstein distance in {self.unit}: {self.n} {what} against "
            f"{self.n} fresh true rows, mean of {self.pairs} such pairs, seed {self.seed}; "
            "the distance of true from true is in detail"
        )
        spread = stdev(each) if len(each) > 1 else None
        spread_is = f"standard deviation over {self.pairs} pairs"
        detail = {"pairs": each, "true_pairs": self.true_distances}
        return Score(mean(each), self.unit, self.n, protocol, spread, spread_is, detail=detail)


def _measure_pair_distances(left: Sequence[Tensor], right: Sequence[Tensor]) -> list[float]:
    return [exact_wasserstein_distance(x, y).item() for x, y in zip(left, right, strict=True)]


RADIUS = 3.0
"""Standard deviations around a mode within which samples are of high quality, as in Srivastava et
al. (NIPS 2017, arXiv:1705.07761, section 4.1); in the plane it holds 1 - exp(-9 / 2) = 98.9 % of
true samples."""


class ModeCounts(NamedTuple):
    """High-quality samples of each mode, (k,) int64, and their share of all samples, ()."""

    counts: Tensor
    high_quality: Tensor


def count_by_mode(x: Tensor, centres: Tensor, *, sd: float) -> ModeCounts:
    """Samples within RADIUS standard deviations of their nearest mode: x (n, d), centres (k, d)."""
    x = checks.check_features(x, "samples", min_rows=1)
    distance, mode = torch.cdist(x, centres.to(x)).min(1)
    near = distance <= RADIUS * sd
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
        InputError: Different numbers of rows; distances shrink with the number.
    """
    if len(real) != len(fake):
        rows = f"{len(real)} real and {len(fake)} fake rows"
        raise InputError(f"{rows} were given; equal numbers are expected.")
    edge = nearest_neighbour_distances(real).quantile(quantile)
    return (nearest_neighbour_distances(fake) < edge).double().mean()


@final
@dataclass(frozen=True, eq=False)
class ModeCoverage:
    """Modes of a known mixture that samples cover, and how many samples lie near any.

    Attributes:
        centres: Centres of the modes in raw units, (k, d).
        sd: Standard deviation of each mode.
        min_share: Share of all samples that covers a mode, if they are of high quality.
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
            samples = sample_rows(method, self.space, self.n)
        counts, share = count_by_mode(samples, self.centres, sd=self.sd)
        rows = f"{self.n} samples, seed {self.seed}"
        near = f"within {RADIUS:g} standard deviations of a mode; {rows}"
        few = f"modes of {len(self.centres)} with {100 * self.min_share:g} % of all samples, {near}"
        covered = float((counts >= self.min_share * self.n).sum())
        return {
            "modes": Score(covered, "", self.n, few, detail={"counts": counts.tolist()}),
            "high_quality": make_share_score(share.item(), self.n, f"samples {near}"),
        }


@final
@dataclass(frozen=True, eq=False)
class SampleDiversity(PictureEvaluation):
    """Signs of collapse: duplicates within a batch of samples, and recall of real rows.

    Attributes:
        real: Raw rows, as many as there are samples.
    """

    _: KW_ONLY
    seed: int = 0

    def __post_init__(self) -> None:
        require_at_least(4, rows=len(self.real))

    def __call__(self, method: object) -> dict[str, Score]:
        n, real = len(self.real), self.real.raw_rows().flatten(1)
        with use_seed(self.seed, get_device(method)):
            fake = sample_rows(method, self.space, n).flatten(1)
        what = f"{n} samples beside as many rows of the {self.split_name} split, by all entries"
        duplicates = measure_duplicate_share(real, fake)
        recall = precision_recall(real, fake).recall
        shares = {
            "duplicates": (duplicates, "samples nearer to another than 99 % of real rows are"),
            "recall": (recall, "real rows within the samples' manifold (improved recall, k = 3)"),
        }
        found = {
            name: Score(100 * share.item(), "%", n, f"{words}; {what}, seed {self.seed}")
            for name, (share, words) in shares.items()
        }
        if found["duplicates"].value >= MOST_DUPLICATES:
            caution = "nearly all samples are copies of each other: the generator has collapsed"
            found["duplicates"] = replace(found["duplicates"], caution=caution)
        return found
