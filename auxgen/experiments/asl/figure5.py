"""Figure 5: images of Fashion-MNIST and their reconstructions by VAE-ASL and MI-ASL.

    auxgen reproduce asl.figure5

Among the pictures of each run: "reconstructions beside VAE-ASL's".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, format_fd_name, make_asl_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """Both."""
    columns = {
        "FD of reconstructions, not FID": f"reconstruction {format_fd_name('fashion_mnist')}",
        "PSNR": "psnr",
        "SSIM": "ssim",
    }
    stages = {"vae_asl": "VAE-ASL", "mi_asl": "MI-ASL"}
    return make_asl_figure("Reconstructions of Fashion-MNIST", "fashion", budget, columns, stages)
