"""Wasserstein distances of samples from true rows, with those of other true rows beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import cached_property, partial
from statistics import mean, stdev
from types import MappingProxyType
from typing import Any, final

from torch import Tensor

from ..method import Samples, require
from ..metrics.wasserstein import exact_wasserstein_distance, sliced_wasserstein_distance
from ..rng import derive_seed, get_device, use_seed
from ..score import Score

DISTANCES: Mapping[str, tuple[Callable[[Tensor, Tensor], Tensor], str]] = MappingProxyType(
    {
        "w1": (exact_wasserstein_distance, "exact 1-Wasserstein distance"),
        "sliced_w1": (
            partial(sliced_wasserstein_distance, projections=500),
            "sliced W1, 500 directions",
        ),
    }
)
"""Measure of two sets, name in words."""


@final
@dataclass(frozen=True, eq=False)
class WassersteinFromRows:
    """How far samples are from rows, at a number of rows where equal distributions are above 0.

    Attributes:
        x: Rows as the model sees them, (n, d).
        other_rows: Further rows of the same source, (m, d), whose distance from x is the floor.
        measures: Of DISTANCES.
        n: Rows in each set, at most.
        split_name: For the protocol.
        seed: Of the samples.
    """

    x: Tensor
    other_rows: Tensor
    _: KW_ONLY
    measures: tuple[str, ...] = ("w1",)
    n: int = 2000
    split_name: str = "test"
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        n = min(self.n, len(self.x), len(self.other_rows))
        real, others = self.x[:n].flatten(1), self.other_rows[:n].flatten(1)
        with use_seed(self.seed, get_device(method)):
            drawn = require(method, Samples).sample(n).flatten(1).cpu()
        made = {}
        for name in self.measures:
            distance, what = DISTANCES[name]
            value, floor = distance(real, drawn).item(), distance(real, others).item()
            made[name] = Score(
                value=value,
                unit="",
                n=n,
                protocol=f"{what}, where other rows are at {floor:.3g}; {n} samples against {n} "
                f"rows of the {self.split_name} split as the model sees them, seed {self.seed}",
                detail={"floor": floor, "times_floor": value / floor},
            )
        return made


def draw_samples(method: object, n: int) -> Tensor:
    """n draws of a method that samples: -> (n, d)."""
    return require(method, Samples).sample(n)


@final
@dataclass(frozen=True, eq=False)
class WassersteinFromTruth:
    """Exact 1-Wasserstein distance of samples from the truth (ASL, figure 3).

    Attributes:
        sample_truth: (n, seed) -> n fresh true rows as the model sees them, (n, d).
        n: Rows on either side; finite n puts equal distributions above 0, see `score_floor`.
        pairs: Independent sets of n samples and n true rows, over which the mean is taken.
        unit: Of the rows' coordinates.
        draw: Method and number -> rows (n, d).
        seed: Of the draws.
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
        sets = zip(drawn.split(self.n), self.draw_true_sets(0), strict=True)
        return self.make_score(
            [exact_wasserstein_distance(x, y).item() for x, y in sets], "samples"
        )

    def score_floor(self, method: object) -> Score:
        """The distance of the truth from itself, at this n; no method is looked at."""
        del method
        return self.make_score(self.floor_distances, "other fresh true rows")

    @cached_property
    def floor_distances(self) -> list[float]:
        return [
            exact_wasserstein_distance(x, y).item()
            for x, y in zip(self.draw_true_sets(0), self.draw_true_sets(1), strict=True)
        ]

    def draw_true_sets(self, side: int) -> list[Tensor]:
        """A fresh true set for each pair, (n, d)."""
        return [
            self.sample_truth(self.n, derive_seed(self.seed, 6, side, p)) for p in range(self.pairs)
        ]

    def make_score(self, each: list[float], what: str) -> Score:
        floor = mean(self.floor_distances)
        return Score(
            value=mean(each),
            unit=self.unit,
            n=self.n,
            spread=stdev(each) if len(each) > 1 else None,
            spread_is=f"standard deviation over {self.pairs} pairs",
            protocol=f"exact 1-Wasserstein distance in {self.unit}: {self.n} {what} against "
            f"{self.n} fresh true rows, mean of {self.pairs} such pairs, seed {self.seed}; "
            "the distance of true from true is in detail",
            detail={"floor": floor, "times_floor": mean(each) / floor, "pairs": each},
        )
