"""Figure 3: codes of two dimensions, and the direction across the line that parts two classes.

    auxgen reproduce introvac.figure3

Among the pictures of each run: "codes of the plane". The paper's is a drawing.
"""

from __future__ import annotations

from ..common import Reproduction, TableRow

__all__ = ["SEEDS", "reproduction"]

SEEDS = 3


def reproduction(budget: str) -> Reproduction:
    """A VAC of digits with and without a loop; small at either budget."""
    del budget
    scores = {
        "error of the attribute": "vac/attribute_error",
        "a loop comes at some distance up to 6": "vac/Loop flipped",
        "share of draws with a loop, of those asked for": "vac/Loop in draws kept",
    }
    return Reproduction(
        "Digits with codes of two dimensions", [TableRow("VAC", "introvac.plane", scores)]
    )
