"""Figure 5: facial hair added to faces.

    auxgen reproduce introvac.figure5
    auxgen reproduce introvac.figure5 --budget paper --device cuda

Among the pictures of each run: "attributes added".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, make_edit_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """Facial, by a delta of 4."""
    return make_edit_figure("Facial hair added to faces", "facial", ("FacialHair",), budget)
