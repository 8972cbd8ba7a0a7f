"""Which multiplier M2's classification term should have, by validation images (`adgm.m2_pyro`).

    auxgen reproduce adgm.m2_multipliers

Half of the epochs, one label draw; what is chosen is in `m2_pyro.MULTIPLIER`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, Row
from .m2_pyro import EPOCHS, PYRO, VALID, named

SEEDS = 1
MULTIPLIERS = (5.0, 50.0, 250.0)


def reproduction(budget: str) -> Reproduction:
    """Every number of labels under every multiplier."""
    given = {"budget": budget}
    rows = [
        Row(
            of(labels, multiplier),
            "adgm.m2_pyro",
            {VALID: "m2/validation_error"},
            {**given, "labels": labels, "multiplier": multiplier, "epochs": epochs / 2},
        )
        for labels, epochs in EPOCHS[budget].items()
        for multiplier in MULTIPLIERS
    ]
    return Reproduction("The multiplier of M2's classification term", rows, claim)


def of(labels: int, multiplier: float) -> str:
    return f"{named(labels)}, multiplier {multiplier:g}"


def claim(means: Mapping[tuple[str, str], float]) -> str:
    """The multiplier with the least validation error."""
    best = {
        labels: min(MULTIPLIERS, key=lambda m, n=labels: means[of(n, m), VALID]) for labels in PYRO
    }
    told = ", ".join(f"{multiplier:g} of {named(n)}" for n, multiplier in best.items())
    return f"Least validation error at {told}."
