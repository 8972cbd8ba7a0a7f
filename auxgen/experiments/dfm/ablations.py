"""What the paper says of variants in its text (sections 5 and 6), on the ring of eight Gaussians.

    auxgen reproduce dfm.ablations              5 seeds, about 20 minutes of one CPU core

The text: annealing sigma towards 0 was not consistently better; the width of the denoiser matters
little from the width of its input on; historical averaging had no clear benefit. There are no
numbers. Both budgets are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...experiment import Reproduction, Row

SEEDS = 5
VARIANTS: Mapping[str, dict[str, Any]] = {
    "as in the study": {},
    "sigma annealed to 0": {"annealed": True},
    "sigma 0.3": {"noise": 0.3},
    "denoiser of 1 layer": {"depth": 1},
    "denoiser of 4 layers": {"depth": 4},
    "denoiser half as wide as its input": {"denoiser_width": 64},
    "denoiser twice as wide as its input": {"denoiser_width": 256},
    "historical averaging": {"history": 0.1},
    "ten times lambda": {"denoising": 0.3},
}
COLUMNS = {"modes of 8": "dfm/modes", "high quality": "dfm/high_quality", "recall": "dfm/recall"}


def reproduction(budget: str) -> Reproduction:
    """Each variant apart."""
    del budget
    rows = [Row(name, "dfm.ring", COLUMNS, options) for name, options in VARIANTS.items()]
    return Reproduction("Variants of denoising feature matching on eight Gaussians", rows)
