"""Clothes by class, which the paper has not: p(u|y) in place of p(u).

    auxgen reproduce asl.on_demand

A classifier that took no part in training says whether samples show what was asked for; what it
finds in the test images themselves is the most that can be had.
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, format_fd_name, make_asl_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """MI-ASL with a density of codes for each class."""
    columns = {
        "accuracy of samples": "accuracy_on_demand",
        "accuracy of test images": "accuracy_of_real",
        "FD of samples, not FID": format_fd_name("fashion_mnist"),
    }
    return make_asl_figure(
        "Clothes by class", "fashion", budget, columns, {"on_demand": "MI-ASL by class"}
    )
