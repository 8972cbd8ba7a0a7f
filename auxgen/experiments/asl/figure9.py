"""Figure 9: samples of the four models on CIFAR-10.

    auxgen reproduce asl.figure9 --budget paper --device cuda

Among the pictures of each run: "samples of all four".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import IMAGE_MODEL_TITLES, SEEDS, format_fd_name, make_asl_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """The four models."""
    columns = {"FD of samples, not FID": format_fd_name("cifar10")}
    stages = IMAGE_MODEL_TITLES
    return make_asl_figure("Samples of CIFAR-10", "cifar10", budget, columns, stages)
