"""Figure 8: faces drawn with glasses, and with facial hair, by Langevin Monte Carlo.

    auxgen reproduce introvac.figure8
    auxgen reproduce introvac.figure8 --budget paper --device cuda

Among the pictures of each run: "draws by attribute".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import SEEDS, make_introvac_rows

__all__ = ["SEEDS", "reproduction"]

SETS = {"eye": "Eyeglasses", "facial": "FacialHair"}


def reproduction(budget: str) -> Reproduction:
    """Eye and Facial; a classifier that took no part in training says what is shown."""
    lines = []
    for name, attribute in SETS.items():
        columns = {
            "draws that are kept": f"{attribute} in draws kept",
            "all draws": f"{attribute} in draws",
            "prior samples": f"{attribute} in prior samples",
        }
        stages = {"vac": "VAC", "introvac": "IntroVAC"}
        lines += make_introvac_rows(name, columns, budget, stages=stages, prefix=f"{attribute}: ")
    return Reproduction("Share told to have the attribute that was asked for", lines)
