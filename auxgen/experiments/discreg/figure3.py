"""Figure 3: samples of SVHN, with and without regularisation.

    auxgen reproduce discreg.figure3 --budget paper --device cuda

Among the pictures of each run: "samples with and without".
"""

from __future__ import annotations

from ..common import Reproduction
from ._plan import Budget
from ._tables import BY_VGG, SEEDS, figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: Budget) -> Reproduction:
    """Both, before and after adjusting batch norm to codes of the prior."""
    return figure("Samples of SVHN with and without regularisation", "svhn", BY_VGG, budget)
