"""Wasserstein distances of samples from rows, with that of rows from other rows beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from types import MappingProxyType
from typing import final

from torch import Tensor

from ...abilities import sampler
from ...experiment import Score
from ..drawing import device_of, seeded
from ..transport import sliced_w1, w1

DISTANCES: Mapping[str, tuple[Callable[[Tensor, Tensor], Tensor], str]] = MappingProxyType(
    {
        "w1": (w1, "exact 1-Wasserstein distance"),
        "sliced_w1": (partial(sliced_w1, projections=500), "sliced W1, 500 directions"),
    }
)
"""Measure of two sets, name in words."""


@final
@dataclass(frozen=True, eq=False)
class Transported:
    """How far samples are from rows, at a number of rows where equal distributions are above 0.

    Attributes:
        x: Rows as the model sees them, (n, d).
        others: Further rows of the same source, (m, d), whose distance from x is the floor.
        measures: Of DISTANCES.
        n: Rows in each set, at most.
        split_name: For the protocol.
        seed: Of the samples.
    """

    x: Tensor
    others: Tensor
    _: KW_ONLY
    measures: tuple[str, ...] = ("w1",)
    n: int = 2000
    split_name: str = "test"
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        n = min(self.n, len(self.x), len(self.others))
        real, others = self.x[:n].flatten(1), self.others[:n].flatten(1)
        with seeded(self.seed, device_of(method)):
            drawn = sampler(method).sample(n).flatten(1).cpu()
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
