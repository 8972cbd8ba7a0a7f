"""Figure 6: samples of the four models on Fashion-MNIST.

    auxgen reproduce asl.figure6

Among the pictures of each run: "samples of all four".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import IMAGE_MODEL_TITLES, SEEDS, format_fd_name, make_asl_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """The four models."""
    columns = {"FD of samples, not FID": format_fd_name("fashion_mnist")}
    stages = IMAGE_MODEL_TITLES
    return make_asl_figure("Samples of Fashion-MNIST", "fashion", budget, columns, stages)
