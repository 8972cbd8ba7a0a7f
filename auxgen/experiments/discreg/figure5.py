"""Figure 5: reconstructions of faces, with and without regularisation.

    auxgen reproduce discreg.figure5 --budget paper --device cuda

Among the pictures of each run: "reconstructions with and without".
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
        "Reconstructions of faces with and without regularisation", "celeba", columns, budget
    )
