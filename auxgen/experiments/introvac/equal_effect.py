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

from ..common import Reproduction, TableRow, format_claims
from ._measured import COMPARED_MODELS, INTROVAC
from ._tables import SEEDS, get_face_run_options

__all__ = ["SEEDS", "reproduction"]

EFFECTS = {"+3": "logit risen by 3", "told": "told to have it"}
ATTRIBUTES = ("Eyeglasses", "FacialHair")
DIRECTION_KINDS = ("plain", "others kept")
EDIT_TITLES = tuple(f"{model}, {how}" for model in COMPARED_MODELS for how in DIRECTION_KINDS)
REFERENCE_EDIT = f"{INTROVAC}, others kept"
"""Of which differences row by row are told."""
CLAIMED_CHANGES = ("likeness lost", "others changed")
CHANGES_SINCE_ORIGINAL = tuple(f"{change} since the original" for change in CLAIMED_CHANGES)
CHANGES = (*CLAIMED_CHANGES, "asked changed", *CHANGES_SINCE_ORIGINAL)


def reproduction(budget: str) -> Reproduction:
    """Both attributes, both effects, all ways to edit."""
    lines = [
        TableRow(
            f"{attribute}, {said}: {model}",
            "introvac.eyefacial",
            _make_equal_effect_columns(attribute, effect, model),
            get_face_run_options(budget),
        )
        for attribute in ATTRIBUTES
        for effect, said in EFFECTS.items()
        for model in EDIT_TITLES
    ]
    return Reproduction("What else edits change, at equal effect", lines, check_equal_effect_claims)


def _make_equal_effect_columns(attribute: str, effect: str, model: str) -> Mapping[str, str]:
    """Scores by title; differences are row by row."""
    head = f"introvac/{attribute} {effect}, {model}"
    more = {
        f"{c}, more than with {REFERENCE_EDIT}": f"{c} more"
        for c in CHANGES
        if model != REFERENCE_EDIT
    }
    titles = {c: c for c in (*CHANGES, "told", "reached", "distance")}
    return {title: f"{head}: {score}" for title, score in {**titles, **more}.items()}


def check_equal_effect_claims(means: Mapping[tuple[str, str], float]) -> str:
    """Whether IntroVAC and VAC, others kept, change less than a plain VAE's probe, plain or not."""
    ours = [f"{model}, others kept" for model in COMPARED_MODELS[1:]]
    pairs = list(product(ours, [f"{COMPARED_MODELS[0]}, {how}" for how in DIRECTION_KINDS]))
    said = []
    for attribute in ATTRIBUTES:
        for effect in EFFECTS.values():
            for pair, change in product(pairs, (*CLAIMED_CHANGES, *CHANGES_SINCE_ORIGINAL)):
                own, other = (means[f"{attribute}, {effect}: {model}", change] for model in pair)
                told = f"{attribute}, {effect}, {change}: less with {pair[0]} than with {pair[1]}"
                said.append((f"{told} ({own:.2g}, {other:.2g})", own < other))
    return format_claims(said)
