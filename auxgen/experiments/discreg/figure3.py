"""Figure 3: samples of SVHN, with and without regularisation.

    auxgen reproduce discreg.figure3 --budget paper --device cuda

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
        "Samples of SVHN with and without regularisation", "svhn", VGG_COLUMNS, budget
    )
