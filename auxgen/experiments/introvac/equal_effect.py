"""What else edits of EyeFacial change, IntroVAC beside VAC and a plain VAE, at equal effect.

    auxgen reproduce introvac.equal_effect
    auxgen reproduce introvac.equal_effect --budget paper --device cuda

Each model goes as far as a classifier that took no part in training needs to see as much of the
attribute. The runs are those of table 1. The paper has pictures only.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...experiment import Reproduction, Row
from .._claims import holds
from ._measured import BESIDE, OWN
from ._tables import SEEDS, options

__all__ = ["SEEDS", "reproduction"]

EFFECTS = {"+3": "logit risen by 3", "told": "told to have it"}
ATTRIBUTES = ("Eyeglasses", "FacialHair")
PROBE = BESIDE[0]
CLAIMED = ("likeness lost", "others changed")
SINCE = tuple(f"{change} since the original" for change in CLAIMED)
CHANGES = (*CLAIMED, "asked changed", *SINCE)


def reproduction(budget: str) -> Reproduction:
    """Both attributes, both effects, all ways to edit."""
    lines = [
        Row(
            f"{attribute}, {said}: {model}",
            "introvac.eyefacial",
            columns(attribute, effect, model),
            options(budget),
        )
        for attribute in ATTRIBUTES
        for effect, said in EFFECTS.items()
        for model in (*BESIDE, OWN)
    ]
    return Reproduction("What else edits change, at equal effect", lines, claim)


def columns(attribute: str, effect: str, model: str) -> Mapping[str, str]:
    """Scores by title; differences are row by row."""
    head = f"introvac/{attribute} {effect}, {model}"
    more = {} if model == OWN else {f"{c}, more than with {OWN}": f"{c} more" for c in CHANGES}
    titles = {c: c for c in (*CHANGES, "reached", "distance")}
    return {title: f"{head}: {score}" for title, score in {**titles, **more}.items()}


def claim(means: Mapping[tuple[str, str], float]) -> str:
    """Whether IntroVAC changes less than a linear probe of a plain VAE."""
    said = []
    for attribute in ATTRIBUTES:
        for effect in EFFECTS.values():
            for change in (*CLAIMED, *SINCE):
                own, probe = (
                    means[f"{attribute}, {effect}: {model}", change] for model in (OWN, PROBE)
                )
                told = f"{attribute}, {effect}, {change}: less with {OWN} than with {PROBE}"
                said.append((f"{told} ({own:.2g}, {probe:.2g})", own < probe))
    return holds(said)
