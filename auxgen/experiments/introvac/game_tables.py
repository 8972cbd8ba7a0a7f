"""Whether IntroVAC's game helps when it is played, which the paper's weights do not bring about."""

from collections.abc import Mapping
from typing import Any

from ..common import Means, Reproduction, TableRow, format_claims
from .face_rows import FACE_ATTRIBUTES

EXTRACTOR = "features.celeba_32"
"""Classifier of faces in whose features distances are taken, and which sees attributes."""
EVEN_GAME: Mapping[str, float] = {"beta_ec": 1.67, "beta_g": 0.5}
"""A fake then weighs half as much as a real row of two attributes, and there are two: even. With
the paper's beta_g of 5 the decoder wins it (results/introvac.trials.game.json)."""
VAC, ATTRIBUTES_ALONE = "VAC", "IntroVAC, attributes alone"
PAPER_WEIGHTS, EVEN_WEIGHTS = "IntroVAC, the paper's weights", "IntroVAC, even game"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    VAC: {"model": "vac"},
    ATTRIBUTES_ALONE: {"model": "introvac", "game": False},
    PAPER_WEIGHTS: {"model": "introvac"},
    EVEN_WEIGHTS: {"model": "introvac", **EVEN_GAME},
}
FD, ERROR = "FD of reconstructions, not FID", "mean absolute error"
EDIT_FD = {name: f"FD of edits, {name} added" for name in FACE_ATTRIBUTES}
TOLD, ORDERED = "fakes told", "fakes ordered"


def make_game(budget: str) -> Reproduction:
    """VAC, the attributes' part of the decoder's loss alone, and the game, at equal epochs.

    Edits are test faces without an attribute, reconstructed and moved by a distance of 4, beside
    training faces that have it.
    """
    shared: dict[str, Any] = {"budget": budget, "extractor": EXTRACTOR, "scorers": (EXTRACTOR,)}
    if budget == "cpu":
        shared |= {"size": 32, "pixel_shuffle": True}
    rows = [_make_row(name, {**shared, **own}) for name, own in OPTIONS.items()]
    return Reproduction("The game, and what it brings", rows, check_game_claims, seeds=2)


def _make_row(name: str, options: Mapping[str, Any]) -> TableRow:
    """The scores of a model, with those of the game where it may be played."""
    stage = options["model"]
    scores = {FD: f"{stage}/reconstruction FD({EXTRACTOR})", ERROR: f"{stage}/l1"}
    for attribute, title in EDIT_FD.items():
        scores[title] = f"{stage}/{attribute} edited FD({EXTRACTOR})"
        scores[f"{attribute} comes up to a distance of 6"] = f"{stage}/{attribute} flipped"
    scores["error of the attributes"] = f"{stage}/attribute_error"
    terms = {}
    if stage == "introvac" and options.get("game", True):
        scores |= {title: f"{stage}/{title}" for title in (TOLD, ORDERED)}
        whose = ("real rows", "reconstructions", "samples")
        terms = {f"fake logit of {w}": f"{stage}/fake logit of {w}" for w in whose}
    return TableRow(name, "introvac.eyefacial", scores, options, terms=terms)


def check_game_claims(means: Means) -> str:
    """Whether the even game is played, and is nearer than VAC and than the attributes alone."""
    told, ordered = means[EVEN_WEIGHTS, TOLD], means[EVEN_WEIGHTS, ORDERED]
    never = means[PAPER_WEIGHTS, TOLD]
    claims = [
        (f"by the paper's weights no fake is told ({never:.1f} %)", abs(never - 50) < 0.05),
        (f"the even game orders 70 % or more ({ordered:.0f} %)", ordered >= 70),
        (f"and tells more than half ({told:.0f} %)", told > 50),
    ]
    for column in (FD, *EDIT_FD.values()):
        even = means[EVEN_WEIGHTS, column]
        for other in (VAC, ATTRIBUTES_ALONE):
            than = means[other, column]
            claim = f"{column}: the even game is below {other} ({even:.3g}, {than:.3g})"
            claims.append((claim, even < than))
    return format_claims(claims)
