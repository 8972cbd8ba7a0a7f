"""Figure 9: faces drawn from the prior.

    auxgen reproduce introvac.figure9
    auxgen reproduce introvac.figure9 --budget paper --device cuda

Among the pictures of each run: "samples".
"""

from __future__ import annotations

from ..common import Reproduction
from ._tables import DISTANCE, SEEDS, make_introvac_rows

__all__ = ["SEEDS", "reproduction"]


def reproduction(budget: str) -> Reproduction:
    """EyeFacial."""
    stages = {"vae": "VAE", "vac": "VAC", "introvac": "IntroVAC"}
    columns = {"FD of samples, not FID": DISTANCE}
    return Reproduction(
        "Samples of faces", make_introvac_rows("eyefacial", columns, budget, stages=stages)
    )
