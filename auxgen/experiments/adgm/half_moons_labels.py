"""Half-moons: what the ADGM makes of labelled points in other places than the authors'.

    auxgen reproduce adgm.half_moons_labels

At both ends and in the middle of each arc, as the authors' are; inside the arcs; and three training
points of each arc at random, another draw for every seed.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_verdict
from .half_moons import ERROR, make_half_moons_row

__all__ = ["SEEDS", "reproduction"]

SEEDS = 5
ENDS, INSIDE, AT_RANDOM = (
    "at the ends and in the middle",
    "at 0.15, 0.5, 0.85 of the arc",
    "at random",
)


def reproduction(budget: str) -> Reproduction:
    """The ADGM after ten epochs, all else equal."""
    del budget
    rows = [
        make_half_moons_row(ENDS, "adgm", "close to 0 % in 10 epochs"),
        make_half_moons_row(INSIDE, "adgm", labels="inside"),
        make_half_moons_row(AT_RANDOM, "adgm", labels="drawn"),
    ]
    return Reproduction("Half-moons: where the six labels lie", rows, _check_label_placements)


def _check_label_placements(means: Mapping[tuple[str, str], float]) -> str:
    """Whether the authors' places are the easiest."""
    ends, inside, drawn = (means[name, ERROR] for name in (ENDS, INSIDE, AT_RANDOM))
    holds = format_verdict(ends < min(inside, drawn))
    return (
        f"The error is least with labels at the ends and in the middle: {holds} ({ends:.2f} % "
        f"against {inside:.2f} % inside and {drawn:.2f} % at random)."
    )
