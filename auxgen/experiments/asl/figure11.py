"""Figure 11: from face to face through the codes of MI-ASL, in straight lines.

    auxgen reproduce asl.figure11 --budget paper --device cuda

Among the pictures of each run: "interpolations". The number tells how near the ends of a way are to
the images it starts from and leads to.
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, make_asl_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """MI-ASL."""
    columns = {"PSNR of reconstructions": "psnr"}
    stages = {"mi_asl": "MI-ASL"}
    return make_asl_figure("Interpolations of CelebA", "celeba", budget, columns, stages)
