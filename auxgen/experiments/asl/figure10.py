"""Figure 10: faces drawn from VAE-ASL and MI-ASL.

    auxgen reproduce asl.figure10 --budget paper --device cuda

Among the pictures of each run: "samples of all four".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, format_fd_name, make_asl_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """Both."""
    columns = {"FD of samples, not FID": format_fd_name("celeba")}
    stages = {"vae_asl": "VAE-ASL", "mi_asl": "MI-ASL"}
    return make_asl_figure("Samples of CelebA", "celeba", budget, columns, stages)
