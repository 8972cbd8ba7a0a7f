"""Table 1: Frechet distance of reconstructions from their originals, VAC beside IntroVAC.

    auxgen reproduce introvac.table1
    auxgen reproduce introvac.table1 --budget paper --device cuda

The paper's are FIDs, in the features of Inception, of a model and a set that it does not name; ours
are those of EyeFacial, in the features of a small network that tells CelebA's attributes.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_claims
from ._tables import DISTANCE, SEEDS, make_introvac_rows

__all__ = ["SEEDS", "reproduction"]

FD, ERROR = "FD of reconstructions, not FID", "mean absolute error"


def reproduction(budget: str) -> Reproduction:
    """Both, and the plain VAE, on all held-out faces."""
    columns = {FD: f"reconstruction {DISTANCE}", ERROR: "l1"}
    stages = {"vae": "VAE", "vac": "VAC", "introvac": "IntroVAC"}
    paper = {"vac": "FID 63.9", "introvac": "FID 25.5"}
    lines = make_introvac_rows("eyefacial", columns, budget, stages=stages, paper=paper)
    return Reproduction(
        "Frechet distance of reconstructions from originals", lines, check_reconstruction_claims
    )


def check_reconstruction_claims(means: Mapping[tuple[str, str], float]) -> str:
    """Whether IntroVAC's are nearer."""
    vac, own = means["VAC", FD], means["IntroVAC", FD]
    worse = means["IntroVAC", ERROR] / means["VAC", ERROR]
    return format_claims(
        [
            (
                f"IntroVAC's distance is below VAC's ({own / vac:.2f} of it, 0.40 in the paper)",
                own < vac,
            ),
            (f"its pixels are at most 15 % worse ({100 * (worse - 1):.0f} %)", worse <= 1.15),
        ]
    )
