"""Figure 6: samples of the four models on Fashion-MNIST.

    auxgen reproduce asl.figure6

Among the pictures of each run: "samples of all four".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import MODELS, SEEDS, distance, figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """The four models."""
    columns = {"FD of samples, not FID": distance("fashion_mnist")}
    stages = MODELS
    return figure("Samples of Fashion-MNIST", "fashion", budget, columns, stages)
