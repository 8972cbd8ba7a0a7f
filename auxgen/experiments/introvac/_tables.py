"""What the tables and figures share: rows that are stages of one run."""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, TableRow, format_claims

SEEDS = 3
MODELS: Mapping[str, str] = {
    "vae": "VAE, linear probe",
    "vac": "VAC",
    "introvac": "IntroVAC",
}
COMES, RISING = "told to have it at some distance up to 6", "steps at which the mean logit rises"
DISTANCE = "FD(features.celeba)"
"""Not an FID, whose features are Inception's."""


def get_face_run_options(budget: str) -> dict[str, object]:
    """Of the runs on faces; at budget cpu they are small, and of three times its epochs."""
    return {"budget": "cpu", "size": 32, "epochs": 3} if budget == "cpu" else {"budget": "paper"}


def make_introvac_rows(
    name: str,
    columns: Mapping[str, str],
    budget: str,
    *,
    stages: Mapping[str, str] = MODELS,
    prefix: str = "",
    paper: Mapping[str, str] | None = None,
) -> list[TableRow]:
    """A row for each stage of the runs of introvac.NAME, which all rows share.

    Args:
        name: eye, facial or eyefacial.
        columns: Scores by title.
        budget: cpu or paper.
        stages: Titles of rows by stage.
        prefix: Of the titles.
        paper: The paper's number in the first column by stage.
    """
    head = next(iter(columns))
    return [
        TableRow(
            f"{prefix}{title}",
            f"introvac.{name}",
            {column: f"{stage}/{score}" for column, score in columns.items()},
            get_face_run_options(budget),
            {head: paper[stage]} if paper and stage in paper else {},
        )
        for stage, title in stages.items()
    ]


def _make_edit_rows(name: str, attributes: tuple[str, ...], budget: str) -> list[TableRow]:
    """Of each attribute whether it comes, and at which distance, by plain ways and those kept."""
    made = []
    for way in list_edit_directions(attributes):
        columns = {
            COMES: f"{way} flipped",
            RISING: f"{way} rising",
            "median distance": f"{way} distance",
            "rise of the logit": f"{way} rise",
            "told of originals that have it": f"{way} told of originals",
            "told of their reconstructions": f"{way} told of reconstructions",
        }
        made += make_introvac_rows(name, columns, budget, prefix=f"{way}: ")
    return made


def list_edit_directions(attributes: tuple[str, ...]) -> list[str]:
    """Names of the plain directions and of those turned to where other attributes change least."""
    return [way for name in attributes for way in (name, f"{name}, others kept")]


def make_edit_figure(
    title: str, name: str, attributes: tuple[str, ...], budget: str
) -> Reproduction:
    """A figure of edits, which is among its runs' pictures, with numbers for what it shows."""
    return Reproduction(
        title, _make_edit_rows(name, attributes, budget), _make_edit_claims(attributes)
    )


def _make_edit_claims(attributes: tuple[str, ...]):
    """Whether attributes come for nine of ten, the more the farther one goes.

    What else changes is compared in introvac.equal_effect.
    """

    def check_edit_claims(means: Mapping[tuple[str, str], float]) -> str:
        said = []
        for way in list_edit_directions(attributes):
            share, rising = (means[f"{way}: IntroVAC", column] for column in (COMES, RISING))
            said.append((f"{way}: comes for 90 % or more ({share:.0f} %)", share >= 90))
            said.append((f"{way}: the mean logit rises at every step", rising == 100))
        return format_claims(said)

    return check_edit_claims
