"""Edits of held-out faces of 64 x 64 pixels at one strength, beside controls; not in the paper."""

from collections.abc import Mapping
from itertools import product
from typing import Any

from ...evaluation.edit_rates import (
    MEAN_DIFFERENCE,
    PHOTOGRAPHS,
    RANDOM,
    RECONSTRUCTIONS,
    UNEDITED,
    UNEDITED_BACK,
)
from ..common import Means, Reproduction, TableRow, format_claims
from .face_rows import FACE_ATTRIBUTES, MODELS

LOOKED_AT = (UNEDITED, UNEDITED_BACK, RANDOM, MEAN_DIFFERENCE, PHOTOGRAPHS, RECONSTRUCTIONS)
SMALL: Mapping[str, Any] = {"size": 64, "pixel_shuffle": True, "all_faces": True, "flip": True}
PASSES: Mapping[str, Any] = {"vac_epochs": 60, "introvac_epochs": 20}
"""Of 14,433 faces, at budget cpu: an hour and a half of a core for VAC, two for IntroVAC."""
SEEDS = {"vae": 1, "vac": 2, "introvac": 1}


def make_edit_rates(budget: str) -> Reproduction:
    """How often a judge sees an attribute in edits, at a strength chosen on validation faces."""
    shared = {"budget": budget, "edit_rates": True}
    shared |= {**SMALL, **PASSES} if budget == "cpu" else {}
    rows = [
        TableRow(
            title,
            "introvac.eyefacial",
            {
                f"{name} seen in {what}": f"{stage}/{name} seen in {what}"
                for name, what in product(FACE_ATTRIBUTES, LOOKED_AT)
            },
            {**shared, "model": stage},
            seeds=SEEDS[stage],
        )
        for stage, title in MODELS.items()
    ]
    return Reproduction("Attributes that a judge sees in edits", rows, _check_edit_rate_claims)


def _check_edit_rate_claims(means: Means) -> str:
    """Whether VAC's and IntroVAC's edits show the attribute, where random edits do not."""
    claims = []
    for name, model in product(FACE_ATTRIBUTES, list(MODELS.values())[1:]):
        edits, chance = (means[model, f"{name} seen in {w}"] for w in (RECONSTRUCTIONS, RANDOM))
        claims.append((f"{name}: {model} in 90 % or more ({edits:.0f} %)", edits >= 90))
        claims.append((f"{name}: by random directions in less ({chance:.0f} %)", chance < edits))
    return format_claims(claims)
