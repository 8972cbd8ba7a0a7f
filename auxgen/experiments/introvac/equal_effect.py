"""What else edits of EyeFacial change, IntroVAC beside VAC and a plain VAE, at equal effect.

    auxgen reproduce introvac.equal_effect
    auxgen reproduce introvac.equal_effect --budget paper --device cuda

Each model goes as far as classifiers that took no part in training need to see as much of the
attribute; another one tells what changed, and whether it sees the attribute too. All go
plain ways and ways turned to where others change least, see `exploring.keeping`. The runs are those
of table 1. The paper has pictures only.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from ..claims import holds
from ..common import Reproduction, Row
from ._measured import KEPT, OWN
from ._tables import SEEDS, options

__all__ = ["SEEDS", "reproduction"]

EFFECTS = {"+3": "logit risen by 3", "told": "told to have it"}
ATTRIBUTES = ("Eyeglasses", "FacialHair")
HOW = ("plain", "others kept")
WAYS = tuple(f"{model}, {how}" for model in KEPT for how in HOW)
FIRST = f"{OWN}, others kept"
"""Of which differences row by row are told."""
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
        for model in WAYS
    ]
    return Reproduction("What else edits change, at equal effect", lines, claim)


def columns(attribute: str, effect: str, model: str) -> Mapping[str, str]:
    """Scores by title; differences are row by row."""
    head = f"introvac/{attribute} {effect}, {model}"
    more = {f"{c}, more than with {FIRST}": f"{c} more" for c in CHANGES if model != FIRST}
    titles = {c: c for c in (*CHANGES, "told", "reached", "distance")}
    return {title: f"{head}: {score}" for title, score in {**titles, **more}.items()}


def claim(means: Mapping[tuple[str, str], float]) -> str:
    """Whether IntroVAC and VAC, others kept, change less than a plain VAE's probe, plain or not."""
    ours = [f"{model}, others kept" for model in KEPT[1:]]
    pairs = list(product(ours, [f"{KEPT[0]}, {how}" for how in HOW]))
    said = []
    for attribute in ATTRIBUTES:
        for effect in EFFECTS.values():
            for pair, change in product(pairs, (*CLAIMED, *SINCE)):
                own, other = (means[f"{attribute}, {effect}: {model}", change] for model in pair)
                told = f"{attribute}, {effect}, {change}: less with {pair[0]} than with {pair[1]}"
                said.append((f"{told} ({own:.2g}, {other:.2g})", own < other))
    return holds(said)
