"""Figure 8: what a VAE and a flow make of six toys.

    auxgen reproduce asl.figure8 --out runs/toys

Among the pictures of each run: "beside the truth". The runs are those of figure 3: give one folder.
"""

from __future__ import annotations

from ..common import Reproduction
from ._stages import TOY_MODEL_TITLES
from .figure3 import SEEDS, TOYS, build_toy_rows

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """The pictures" distances from the truth."""
    del budget
    models = {stage: TOY_MODEL_TITLES[stage] for stage in ("vae", "flow")}
    rows = [row for toy in TOYS for row in build_toy_rows(toy, models)]
    return Reproduction("VAE and flow on six toys", rows)
