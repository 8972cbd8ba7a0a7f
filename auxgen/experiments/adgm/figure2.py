"""Figure 2c, d: half-moons with the auxiliary variable for 10 epochs, and without for 100.

    auxgen reproduce adgm.figure2

The curves, an error after every epoch, and of each run the pictures "decision map" and, where there
is an a, "auxiliary space"; beside them both ablations. Figure 2a, b is adgm.potential.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_verdict
from .half_moons import ERROR, HALF_MOONS_TITLES, make_half_moons_row

__all__ = ["SEEDS", "reproduction"]

SEEDS = 5
M2_100_EPOCHS = "M2, 100 epochs"


def reproduction(budget: str) -> Reproduction:
    """ADGM for ten epochs, M2 for a hundred, and what each half of the auxiliary variable adds."""
    del budget
    rows = [
        make_half_moons_row(HALF_MOONS_TITLES["adgm"], "adgm", "close to 0 % in 10 epochs"),
        make_half_moons_row(M2_100_EPOCHS, "m2", "more than 100 epochs needed", epochs=100),
        *(
            make_half_moons_row(HALF_MOONS_TITLES[model], model)
            for model in ("adgm_deterministic", "adgm_uninformed")
        ),
    ]
    return Reproduction(
        "Half-moons with and without an auxiliary variable", rows, _check_m2_after_100_epochs
    )


def _check_m2_after_100_epochs(means: Mapping[tuple[str, str], float]) -> str:
    """Whether M2 after 100 epochs is still worse than the ADGM after ten."""
    ours, other = means["ADGM", ERROR], means[M2_100_EPOCHS, ERROR]
    holds = format_verdict(ours < other)
    return (
        "M2's mean error after 100 epochs is still above the ADGM's after ten: "
        f"{holds} ({other:.2f} % against {ours:.2f} %)."
    )
