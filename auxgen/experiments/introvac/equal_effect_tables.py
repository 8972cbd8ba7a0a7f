"""What else edits of faces change at equal effect, which is not in the paper."""

from itertools import product

from ..common import Means, Reproduction, TableRow, format_claims
from .evaluations import COMPARED_MODELS, INTROVAC
from .face_rows import FACE_ATTRIBUTES, get_face_options

EFFECTS = {"+3": "logit risen by 3", "told": "told to have it"}
DIRECTION_KINDS = ("plain", "others kept")
EDIT_TITLES = tuple(f"{model}, {kind}" for model in COMPARED_MODELS for kind in DIRECTION_KINDS)
REFERENCE_EDIT = f"{INTROVAC}, others kept"
"""The edit to which others are compared row by row."""
CLAIMED_CHANGES = ("likeness lost", "others changed")
CHANGES_SINCE_ORIGINAL = tuple(f"{change} since the original" for change in CLAIMED_CHANGES)
CHANGES = (*CLAIMED_CHANGES, "asked changed", *CHANGES_SINCE_ORIGINAL)


def make_equal_effect(budget: str) -> Reproduction:
    """What else edits of EyeFacial change, IntroVAC beside VAC and a plain VAE, at equal effect.

    Each model goes as far as classifiers need to see as much of the attribute; another classifier
    measures what changed, and whether it sees the attribute too. All go along plain directions and
    along those where others change least, see `inference.disentangling`.
    """
    options, rows = get_face_options(budget), []
    for attribute, (effect, words), edit in product(FACE_ATTRIBUTES, EFFECTS.items(), EDIT_TITLES):
        scores = {title: title for title in (*CHANGES, "told", "reached", "distance")}
        if edit != REFERENCE_EDIT:
            scores |= {f"{c}, more than with {REFERENCE_EDIT}": f"{c} more" for c in CHANGES}
        head = f"introvac/{attribute} {effect}, {edit}"
        columns = {title: f"{head}: {score}" for title, score in scores.items()}
        name = f"{attribute}, {words}: {edit}"
        rows.append(TableRow(name, "introvac.eyefacial", columns, options))
    title = "What else edits change, at equal effect"
    return Reproduction(title, rows, _check_equal_effect_claims, seeds=3)


def _check_equal_effect_claims(means: Means) -> str:
    """Whether IntroVAC and VAC, others kept, change less than a plain VAE's probe, plain or not."""
    ours = [f"{model}, others kept" for model in COMPARED_MODELS[1:]]
    pairs = list(product(ours, [f"{COMPARED_MODELS[0]}, {kind}" for kind in DIRECTION_KINDS]))
    claims = []
    for attribute, effect in product(FACE_ATTRIBUTES, EFFECTS.values()):
        for pair, change in product(pairs, (*CLAIMED_CHANGES, *CHANGES_SINCE_ORIGINAL)):
            own, other = (means[f"{attribute}, {effect}: {edit}", change] for edit in pair)
            claim = f"{attribute}, {effect}, {change}: less with {pair[0]} than with {pair[1]}"
            claims.append((f"{claim} ({own:.2g}, {other:.2g})", own < other))
    return format_claims(claims)
