"""Figure 5: how fast SDGM, ADGM, M2 and the ADGM with a deterministic a learn MNIST's classes.

    auxgen reproduce adgm.figure5

Equal settings, 100 labels, the error after each of ten epochs (cpu) or every ten of 1000 (paper).
The paper shows the best run of M2, which is unstable; here every seed is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_verdict
from .table2 import ERROR, make_mnist_rows

__all__ = ["SEEDS", "reproduction"]

SEEDS = 1


def reproduction(budget: str) -> Reproduction:
    """The four models; table.png has their curves."""
    return Reproduction(
        "Convergence on MNIST with 100 labels",
        make_mnist_rows(budget),
        _check_order_of_final_errors,
    )


def _check_order_of_final_errors(means: Mapping[tuple[str, str], float]) -> str:
    """The order that the figure ends in: SDGM and ADGM below M2 and ADGM-det."""
    ours = {name: means[name, ERROR] for name in ("SDGM", "ADGM")}
    others = {name: means[name, ERROR] for name in ("M2", "ADGM, deterministic a")}
    holds = format_verdict(max(ours.values()) < min(others.values()))
    told = ", ".join(f"{name} {value:.2f} %" for name, value in {**ours, **others}.items())
    return f"SDGM and ADGM end below M2 and the ADGM with a deterministic a: {holds} ({told})."
