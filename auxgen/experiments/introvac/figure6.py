"""Figure 6: glasses and facial hair added to faces, each alone and both.

    auxgen reproduce introvac.figure6
    auxgen reproduce introvac.figure6 --budget paper --device cuda

Among the pictures of each run: "attributes added"; "one attribute, the other kept".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, make_edit_figure

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """EyeFacial, by a delta of 4, and of 5 for both."""
    attributes = ("Eyeglasses", "FacialHair")
    return make_edit_figure(
        "Glasses and facial hair added to faces", "eyefacial", attributes, budget
    )
