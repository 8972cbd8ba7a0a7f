"""Figure 7: reconstructions by VAC and by IntroVAC.

    auxgen reproduce introvac.figure7
    auxgen reproduce introvac.figure7 --budget paper --device cuda

Among the pictures of each run: "reconstructions beside VAC's".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import DISTANCE, SEEDS, make_introvac_rows

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """Facial."""
    columns = {
        "FD of reconstructions, not FID": f"reconstruction {DISTANCE}",
        "mean absolute error": "l1",
    }
    stages = {"vac": "VAC", "introvac": "IntroVAC"}
    return Reproduction(
        "Reconstructions of faces", make_introvac_rows("facial", columns, budget, stages=stages)
    )
