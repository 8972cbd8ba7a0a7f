"""Figure 10: faces drawn from VAE-ASL and MI-ASL.

    auxgen reproduce asl.figure10 --budget paper --device cuda

Among the pictures of each run: "samples of all four".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, distance, figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """Both."""
    columns = {"FD of samples, not FID": distance("celeba")}
    stages = {"vae_asl": "VAE-ASL", "mi_asl": "MI-ASL"}
    return figure("Samples of CelebA", "celeba", budget, columns, stages)
