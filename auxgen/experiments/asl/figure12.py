"""Figure 12: the losses of encoder, regression and density on CelebA.

    auxgen reproduce asl.figure12 --budget paper --device cuda

The curves are in report.html, under stages mi and mi_asl: loss/encoder, error, nll.
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, format_fd_name, make_asl_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """MI-ASL."""
    columns = {"FD of samples, not FID": format_fd_name("celeba")}
    stages = {"mi_asl": "MI-ASL"}
    return make_asl_figure("Losses on CelebA", "celeba", budget, columns, stages)
