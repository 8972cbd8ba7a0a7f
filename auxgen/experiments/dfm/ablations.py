"""What the paper says of variants in its text (sections 5 and 6), on 8x8 digits.

    auxgen reproduce dfm.ablations              3 seeds, about 11 minutes of one CPU core

The text: annealing sigma towards 0 was not consistently better; depth and width of the denoiser
matter little, from the width of its input on; historical averaging had no clear benefit. There are
no numbers. Its convolutional denoisers, "worse", are not here. Scores are in the features of
features.digits. Both budgets are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common import Reproduction, TableRow
from ._stages import OBJECTIVE_TITLES, Objective

SEEDS = 3
FEATURES = "features.digits"
COLUMNS = {
    "class score, not IS": f"CS({FEATURES})",
    "FD, not FID": f"FD({FEATURES})",
    "recall": f"recall({FEATURES})",
    "duplicates": "duplicates",
}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "sigma annealed to 0": {"annealed": True},
    "sigma 0.3": {"noise": 0.3},
    "denoiser of 1 layer": {"depth": 1},
    "denoiser of 5 layers": {"depth": 5},
    "denoiser half as wide as its input": {"denoiser_width": 64},
    "denoiser twice as wide as its input": {"denoiser_width": 256},
    "historical averaging": {"history": 0.1},
    "ten times lambda": {"denoising": 0.3},
}


def reproduction(budget: str) -> Reproduction:
    """The four objectives, then each variant of denoising feature matching apart."""
    del budget
    objectives = [
        _build_variant_row(title, objective, {}) for objective, title in OBJECTIVE_TITLES.items()
    ]
    variants = [_build_variant_row(name, "dfm", options) for name, options in VARIANTS.items()]
    return Reproduction("Variants of denoising feature matching", [*objectives, *variants])


def _build_variant_row(name: str, objective: Objective, options: Mapping[str, Any]) -> TableRow:
    columns = {column: f"{objective}/{score}" for column, score in COLUMNS.items()}
    return TableRow(name, "dfm.digits", columns, {"objective": objective, **options})
