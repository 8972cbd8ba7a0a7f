"""Which multiplier M2's classification term should have, by validation images (`adgm.m2_pyro`).

    auxgen reproduce adgm.m2_multipliers

Half of the epochs, one label draw; what is chosen is in `m2_pyro.MULTIPLIER`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, TableRow
from .m2_pyro import EPOCHS, PYRO, VALIDATION_ERROR, format_label_count

SEEDS = 1
MULTIPLIERS = (5.0, 50.0, 250.0)


def reproduction(budget: str) -> Reproduction:
    """Every number of labels under every multiplier."""
    given = {"budget": budget}
    rows = [
        TableRow(
            format_multiplier_row(labels, multiplier),
            "adgm.m2_pyro",
            {VALIDATION_ERROR: "m2/validation_error"},
            {**given, "labels": labels, "multiplier": multiplier, "epochs": epochs / 2},
        )
        for labels, epochs in EPOCHS[budget].items()
        for multiplier in MULTIPLIERS
    ]
    return Reproduction("The multiplier of M2's classification term", rows, report_best_multipliers)


def format_multiplier_row(labels: int, multiplier: float) -> str:
    return f"{format_label_count(labels)}, multiplier {multiplier:g}"


def report_best_multipliers(means: Mapping[tuple[str, str], float]) -> str:
    """The multiplier with the least validation error."""
    best = {
        labels: min(
            MULTIPLIERS,
            key=lambda m, n=labels: means[format_multiplier_row(n, m), VALIDATION_ERROR],
        )
        for labels in PYRO
    }
    told = ", ".join(f"{multiplier:g} of {format_label_count(n)}" for n, multiplier in best.items())
    return f"Least validation error at {told}."
