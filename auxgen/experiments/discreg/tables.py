"""Tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..common import Reproduction
from . import figure2, figure3, figure4, figure5, figure6, figure7, layers, table2


def _with_seeds(module: Any) -> Callable[[str], Reproduction]:
    def make(budget: str) -> Reproduction:
        return replace(module.reproduction(budget), seeds=getattr(module, "SEEDS", 5))

    return make


TABLES: Mapping[str, Callable[[str], Reproduction]] = {
    "figure2": _with_seeds(figure2),
    "figure3": _with_seeds(figure3),
    "figure4": _with_seeds(figure4),
    "figure5": _with_seeds(figure5),
    "figure6": _with_seeds(figure6),
    "figure7": _with_seeds(figure7),
    "layers": _with_seeds(layers),
    "table2": _with_seeds(table2),
}
