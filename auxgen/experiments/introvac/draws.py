"""Faces drawn with glasses, and with facial hair, by a model that knows both.

    auxgen reproduce introvac.draws
    auxgen reproduce introvac.draws --budget paper --device cuda

The runs are those of table 1; figure 8 of the paper has a model for each attribute. Among the
pictures of each run: "draws by attribute".
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_claims
from ._tables import SEEDS, make_introvac_rows

__all__ = ["SEEDS", "reproduction"]

ATTRIBUTES = ("Eyeglasses", "FacialHair")
KEPT, ALL, PRIOR = "draws that are kept", "all draws", "prior samples"


def reproduction(budget: str) -> Reproduction:
    """A classifier that took no part in training says what is shown."""
    lines = []
    for attribute in ATTRIBUTES:
        columns = {
            KEPT: f"{attribute} in draws kept",
            ALL: f"{attribute} in draws",
            PRIOR: f"{attribute} in prior samples",
            "share kept": f"{attribute} kept",
            "proposals taken": f"{attribute} acceptance",
            "draws that half a chain is worth": f"{attribute} effective size",
        }
        stages = {"vac": "VAC", "introvac": "IntroVAC"}
        lines += make_introvac_rows(
            "eyefacial", columns, budget, stages=stages, prefix=f"{attribute}: "
        )
    return Reproduction(
        "Share told to have the attribute that was asked for", lines, check_conditional_draw_claims
    )


def check_conditional_draw_claims(means: Mapping[tuple[str, str], float]) -> str:
    """Whether asking helps, and rejection more."""
    said = []
    for attribute in ATTRIBUTES:
        kept, every, prior = (means[f"{attribute}: IntroVAC", of] for of in (KEPT, ALL, PRIOR))
        told = f"{attribute}: more of the kept draws than of all, and of these than of the prior"
        said.append((f"{told} ({kept:.0f}, {every:.0f}, {prior:.0f} %)", kept > every > prior))
    return format_claims(said)
