"""Figure 7: what a blurred layer of a classifier teaches.

    auxgen reproduce discreg.figure7

Among the pictures of each run: "panels".
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_claims
from ._plan import DiscregBudget
from ._tables import SEEDS, make_discreg_rows

__all__ = ["SEEDS", "reproduction"]

CONTROL, BLURRED = "taught by the layer", "taught by the layer, blurred"
PSNR, HIGH = "PSNR", "power of high frequencies in what is wrong"


def reproduction(budget: DiscregBudget) -> Reproduction:
    """The control, and the blurred layer."""
    columns = {PSNR: "psnr", HIGH: "high_frequency"}
    lines = make_discreg_rows(
        "artefacts", columns, budget, stages={"identity": CONTROL, "blurred": BLURRED}
    )
    return Reproduction(
        "100 images known through one layer of a classifier", lines, check_blur_claims
    )


def check_blur_claims(means: Mapping[tuple[str, str], float]) -> str:
    """Whether the blur costs 5 dB, and leaves a pattern of high frequencies."""
    less = means[CONTROL, PSNR] - means[BLURRED, PSNR]
    more = means[BLURRED, HIGH] / means[CONTROL, HIGH]
    return format_claims(
        [
            (f"the control is at least 5 dB nearer ({less:.1f} dB)", less >= 5),
            (f"the blur leaves more power in high frequencies ({more:.1f} times)", more > 1),
        ]
    )
