"""Figure 4: glasses added to faces.

    auxgen reproduce introvac.figure4
    auxgen reproduce introvac.figure4 --budget paper --device cuda

Among the pictures of each run: "attributes added".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, make_edit_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """Eye, by a delta of 3."""
    return make_edit_figure("Glasses added to faces", "eye", ("Eyeglasses",), budget)
