"""Figure 2: what ASL makes of six toys.

    auxgen reproduce asl.figure2 --out runs/toys

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
    models = {stage: TOY_MODEL_TITLES[stage] for stage in ("vae_asl", "mi_asl")}
    rows = [row for toy in TOYS for row in build_toy_rows(toy, models)]
    return Reproduction("VAE-ASL and MI-ASL on six toys", rows)
