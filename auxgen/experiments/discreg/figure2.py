"""Figure 2: samples of CIFAR-10, with and without regularisation.

    auxgen reproduce discreg.figure2 --budget paper --device cuda

Among the pictures of each run: "samples with and without".
"""

from __future__ import annotations

from ..common import Reproduction
from ._plan import Budget
from ._tables import BY_VGG, SEEDS, figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: Budget) -> Reproduction:
    """Both, before and after adjusting batch norm to codes of the prior."""
    return figure("Samples of CIFAR-10 with and without regularisation", "cifar10", BY_VGG, budget)
