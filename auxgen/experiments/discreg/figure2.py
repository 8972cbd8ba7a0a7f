"""Figure 2: samples of CIFAR-10, with and without regularisation.

    auxgen reproduce discreg.figure2 --budget paper --device cuda

Among the pictures of each run: "samples with and without".
"""

from __future__ import annotations

from ..common import Reproduction
from ._plan import DiscregBudget
from ._tables import SEEDS, VGG_COLUMNS, make_discreg_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: DiscregBudget) -> Reproduction:
    """Both, before and after adjusting batch norm to codes of the prior."""
    return make_discreg_figure(
        "Samples of CIFAR-10 with and without regularisation", "cifar10", VGG_COLUMNS, budget
    )
