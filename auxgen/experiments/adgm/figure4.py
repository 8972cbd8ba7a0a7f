"""Figure 4: which units of z and of a are used, and what the auxiliary space knows of classes.

    auxgen reproduce adgm.figure4

The pictures "units" (mean KL of each unit, in order of size) and "auxiliary space" (principal
components of the means of q(a|x), by class) of each run of MNIST learned from 100 labels.
"""

from __future__ import annotations

from ..common import Reproduction, TableRow

__all__ = ["SEEDS", "reproduction"]

SEEDS = 1
UNIT_COLUMNS = {"z": "active units of z", "a": "active units of a"}


def reproduction(budget: str) -> Reproduction:
    """SDGM, as the paper, and ADGM."""
    rows = [
        TableRow(
            model.upper(),
            "adgm.mnist_100",
            {title: f"{model}/active_units_{name}" for name, title in UNIT_COLUMNS.items()},
            {"budget": budget, "model": model},
            dict.fromkeys(UNIT_COLUMNS.values(), "about 20 in the picture")
            if model == "sdgm"
            else {},
        )
        for model in ("sdgm", "adgm")
    ]
    return Reproduction("Units of the latent and auxiliary variables", rows)
