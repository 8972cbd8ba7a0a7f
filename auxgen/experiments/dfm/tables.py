"""Tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..common import Reproduction
from . import ablations, ring_study, table1, table2, table3


def _with_seeds(module: Any) -> Callable[[str], Reproduction]:
    def make(budget: str) -> Reproduction:
        return replace(module.reproduction(budget), seeds=getattr(module, "SEEDS", 5))

    return make


TABLES: Mapping[str, Callable[[str], Reproduction]] = {
    "ablations": _with_seeds(ablations),
    "ring_study": _with_seeds(ring_study),
    "table1": _with_seeds(table1),
    "table2": _with_seeds(table2),
    "table3": _with_seeds(table3),
}
