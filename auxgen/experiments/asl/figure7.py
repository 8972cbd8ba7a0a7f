"""Figure 7: CelebA and what MI-ASL makes of it: reconstructions and samples.

    auxgen reproduce asl.figure7 --budget paper --device cuda

Among the pictures of each run: "reconstructions beside VAE-ASL's", "samples of all four".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, format_fd_name, make_asl_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """MI-ASL."""
    columns = {
        "FD of samples, not FID": format_fd_name("celeba"),
        "FD of reconstructions": f"reconstruction {format_fd_name('celeba')}",
        "PSNR": "psnr",
    }
    stages = {"mi_asl": "MI-ASL"}
    return make_asl_figure("Faces by MI-ASL", "celeba", budget, columns, stages)
