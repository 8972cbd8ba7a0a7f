"""What the tables and figures share: rows that are stages of one run."""

from __future__ import annotations

from collections.abc import Mapping

from ..claims import holds
from ..common import Reproduction, Row

SEEDS = 3
MODELS: Mapping[str, str] = {
    "vae": "VAE, linear probe",
    "vac": "VAC",
    "introvac": "IntroVAC",
}
COMES, RISING = "told to have it at some distance up to 6", "steps at which the mean logit rises"
DISTANCE = "FD(features.celeba)"
"""Not an FID, whose features are Inception's."""


def options(budget: str) -> dict[str, object]:
    """Of the runs on faces; at budget cpu they are small, and of three times its epochs."""
    return {"budget": "cpu", "size": 32, "epochs": 3} if budget == "cpu" else {"budget": "paper"}


def rows(
    name: str,
    columns: Mapping[str, str],
    budget: str,
    *,
    stages: Mapping[str, str] = MODELS,
    prefix: str = "",
    paper: Mapping[str, str] | None = None,
) -> list[Row]:
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
        Row(
            f"{prefix}{title}",
            f"introvac.{name}",
            {column: f"{stage}/{score}" for column, score in columns.items()},
            options(budget),
            {head: paper[stage]} if paper and stage in paper else {},
        )
        for stage, title in stages.items()
    ]


def edits(name: str, attributes: tuple[str, ...], budget: str) -> list[Row]:
    """Of each attribute whether it comes, and at which distance, by plain ways and those kept."""
    made = []
    for way in ways(attributes):
        columns = {
            COMES: f"{way} flipped",
            RISING: f"{way} rising",
            "median distance": f"{way} distance",
            "rise of the logit": f"{way} rise",
            "told of originals that have it": f"{way} told of originals",
            "told of their reconstructions": f"{way} told of reconstructions",
        }
        made += rows(name, columns, budget, prefix=f"{way}: ")
    return made


def ways(attributes: tuple[str, ...]) -> list[str]:
    """Names of the plain directions and of those turned to where other attributes change least."""
    return [way for name in attributes for way in (name, f"{name}, others kept")]


def edited(title: str, name: str, attributes: tuple[str, ...], budget: str) -> Reproduction:
    """A figure of edits, which is among its runs' pictures, with numbers for what it shows."""
    return Reproduction(title, edits(name, attributes, budget), claim(attributes))


def claim(attributes: tuple[str, ...]):
    """Whether attributes come for nine of ten, the more the farther one goes.

    What else changes is compared in introvac.equal_effect.
    """

    def told(means: Mapping[tuple[str, str], float]) -> str:
        said = []
        for way in ways(attributes):
            share, rising = (means[f"{way}: IntroVAC", column] for column in (COMES, RISING))
            said.append((f"{way}: comes for 90 % or more ({share:.0f} %)", share >= 90))
            said.append((f"{way}: the mean logit rises at every step", rising == 100))
        return holds(said)

    return told
