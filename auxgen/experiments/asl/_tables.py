"""What the tables and figures on images share: rows that are stages of one run."""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, TableRow

SEEDS = 3
IMAGE_MODEL_TITLES: Mapping[str, str] = {
    "vae": "VAE",
    "two_stage": "two-stage VAE",
    "vae_asl": "VAE-ASL",
    "mi_asl": "MI-ASL",
}


def build_asl_rows(
    data: str,
    stages: Mapping[str, str],
    columns: Mapping[str, str],
    budget: str,
    paper: Mapping[str, str] | None = None,
) -> list[TableRow]:
    """A row for each stage of the runs of asl.DATA, which all rows share.

    Args:
        data: fashion, cifar10 or celeba.
        stages: Titles of rows by stage.
        columns: Scores by title.
        budget: cpu or paper.
        paper: The paper's number in the first column by stage.
    """
    first = next(iter(columns))
    return [
        TableRow(
            title,
            f"asl.{data}",
            {column: f"{stage}/{score}" for column, score in columns.items()},
            {"budget": budget},
            {first: paper[stage]} if paper and stage in paper else {},
        )
        for stage, title in stages.items()
    ]


def make_asl_figure(
    title: str,
    data: str,
    budget: str,
    columns: Mapping[str, str],
    stages: Mapping[str, str] | None = None,
) -> Reproduction:
    """A figure, which is among the pictures of its runs, with numbers for what it shows."""
    return Reproduction(title, build_asl_rows(data, stages or IMAGE_MODEL_TITLES, columns, budget))


def format_fd_name(features: str) -> str:
    """The score's name; not an FID, whose features are Inception's."""
    return f"FD(features.{features})"
