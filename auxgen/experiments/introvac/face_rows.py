"""Rows of the tables on faces: the scores of a run's models, at a budget."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ..common import TableRow
from .evaluations import COMPARED_MODELS, INTROVAC
from .plans import PAPER_REG

Scores = Mapping[str, str]
"""Scores of a run by the table's column."""

CLASSIFIER_MODELS = {"vac": "VAC", "introvac": INTROVAC}
PLAIN_MODELS = {"vae": "VAE", **CLASSIFIER_MODELS}
MODELS = {"vae": COMPARED_MODELS[0], **CLASSIFIER_MODELS}
"""Titles of rows by stage; a plain VAE is edited along linear probes of its codes."""
FACE_ATTRIBUTES: Sequence[str] = ("Eyeglasses", "FacialHair")


def get_face_options(budget: str) -> dict[str, Any]:
    """Options of the runs on faces; at budget cpu they are small, and of three times its passes.

    There a nat costs four times as much as in the paper, as in the numbers under results/.
    """
    if budget == "cpu":
        return {"budget": "cpu", "size": 32, "scale_epochs": 3, "beta_reg": PAPER_REG}
    return {"budget": "paper"}


def make_face_rows(
    name: str,
    scores: Scores,
    budget: str,
    models: Mapping[str, str] = MODELS,
    *,
    of: str = "",
    paper: Mapping[str, str] = MappingProxyType({}),
) -> list[TableRow]:
    """A row for each stage of the runs of introvac.NAME, which all rows share."""
    row_head, score_head = (f"{of}: ", f"{of} ") if of else ("", "")
    return [
        TableRow(
            f"{row_head}{title}",
            f"introvac.{name}",
            {column: f"{stage}/{score_head}{score}" for column, score in scores.items()},
            get_face_options(budget),
            {next(iter(scores)): paper[stage]} if stage in paper else {},
        )
        for stage, title in models.items()
    ]


def make_draw_rows(sets: Mapping[str, str], scores: Scores, budget: str) -> list[TableRow]:
    """Scores of draws that show an attribute, by models of an experiment for each attribute."""
    return [
        row
        for attribute, name in sets.items()
        for row in make_face_rows(name, scores, budget, CLASSIFIER_MODELS, of=attribute)
    ]
