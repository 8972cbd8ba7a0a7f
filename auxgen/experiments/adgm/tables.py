"""Tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..common import Reproduction
from . import (
    digits,
    figure2,
    figure3,
    figure4,
    figure5,
    half_moons,
    half_moons_labels,
    kl_weight,
    m1_m2,
    m2_multipliers,
    m2_pyro,
    mnist_100,
    norb,
    potential,
    svhn,
    table1,
    table2,
)


def _with_seeds(module: Any) -> Callable[[str], Reproduction]:
    def make(budget: str) -> Reproduction:
        return replace(module.reproduction(budget), seeds=getattr(module, "SEEDS", 5))

    return make


TABLES: Mapping[str, Callable[[str], Reproduction]] = {
    "digits": _with_seeds(digits),
    "figure2": _with_seeds(figure2),
    "figure3": _with_seeds(figure3),
    "figure4": _with_seeds(figure4),
    "figure5": _with_seeds(figure5),
    "half_moons": _with_seeds(half_moons),
    "half_moons_labels": _with_seeds(half_moons_labels),
    "kl_weight": _with_seeds(kl_weight),
    "m1_m2": _with_seeds(m1_m2),
    "m2_multipliers": _with_seeds(m2_multipliers),
    "m2_pyro": _with_seeds(m2_pyro),
    "mnist_100": _with_seeds(mnist_100),
    "norb": _with_seeds(norb),
    "potential": _with_seeds(potential),
    "svhn": _with_seeds(svhn),
    "table1": _with_seeds(table1),
    "table2": _with_seeds(table2),
}
