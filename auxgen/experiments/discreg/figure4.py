"""Figure 4: samples of faces, with and without regularisation.

    auxgen reproduce discreg.figure4 --budget paper --device cuda

Among the pictures of each run: "samples with and without".
"""

from __future__ import annotations

from ..common import Reproduction
from ._plan import DiscregBudget
from ._tables import SEEDS, make_discreg_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: DiscregBudget) -> Reproduction:
    """Both, before and after adjusting batch norm to codes of the prior."""
    columns = {"PSNR of reconstructions": "psnr", "SSIM of reconstructions": "ssim"}
    return make_discreg_figure(
        "Samples of faces with and without regularisation", "celeba", columns, budget
    )
