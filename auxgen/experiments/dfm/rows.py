"""Rows, columns and differences of the tables of denoising feature matching."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..common import TableRow
from .plans import Objective

OBJECTIVE_TITLES: Mapping[Objective, str] = {
    "gan": "GAN",
    "fm": "feature matching",
    "gan_fm": "GAN and feature matching",
    "dfm": "denoising feature matching",
    "fm_dfm": "both kinds of feature matching",
}
DIFFERENCES = (
    (OBJECTIVE_TITLES["dfm"], OBJECTIVE_TITLES["gan"]),
    (OBJECTIVE_TITLES["fm"], OBJECTIVE_TITLES["gan"]),
    (OBJECTIVE_TITLES["gan_fm"], OBJECTIVE_TITLES["gan"]),
    (OBJECTIVE_TITLES["fm_dfm"], OBJECTIVE_TITLES["gan_fm"]),
)
"""Rows that are compared; the last pair differs by the denoiser alone."""
SCORE, FD, PRECISION, RECALL = "class score, not IS", "FD, not FID", "precision", "recall"
MODES, QUALITY, COPIES = "modes of 8", "high quality", "duplicates"
SHARE = "share of the denoising term"
RING_COLUMNS = {MODES: "modes", QUALITY: "high_quality", COPIES: "duplicates", RECALL: "recall"}


def make_row(
    experiment: str,
    title: str,
    objective: Objective,
    columns: Mapping[str, str],
    options: Mapping[str, Any] = MappingProxyType({}),
    paper: str | None = None,
    seeds: int | None = None,
) -> TableRow:
    """A row of an objective's runs; its columns are scores of the stage that it names.

    Where there is a denoiser they are followed by its share in the generator's gradient, which the
    engine logs.
    """
    return TableRow(
        title,
        experiment,
        {column: f"{objective}/{score}" for column, score in columns.items()},
        {"objective": objective, **options},
        {SCORE: paper} if paper else {},
        terms={SHARE: f"{objective}/share/denoising"} if "dfm" in objective else {},
        seeds=seeds,
    )
