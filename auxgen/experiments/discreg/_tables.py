"""What the tables and figures share: rows that are stages of one run."""

from __future__ import annotations

from collections.abc import Mapping

from ...networks.stacked import STRIDED_LAYERS
from ..common import Reproduction, TableRow
from ._classifiers import VGG_LAYERS
from ._plan import DiscregBudget
from ._scores import NLL

SEEDS = 3
VAES = {"vae": "without regularisation", "discriminative": "with regularisation"}
ERRORS = {
    f"feature error at {layer.split('.')[-1]}": f"feature error at {layer}"
    for layer in STRIDED_LAYERS
}
"""Scores by title."""
VGG_COLUMNS = {
    **{f"NLL, {split}": f"{NLL} of {split}" for split in ("train", "valid", "test")},
    **{f"feature error at {layer}": f"feature error at {layer}" for layer in VGG_LAYERS},
    "colours explained": "colours explained",
    "PSNR of reconstructions": "psnr",
    "SSIM of reconstructions": "ssim",
}
"""What runs by VGG-19 tell, by title."""
ADJUSTED_VAES = {f"{stage}_adjusted": f"{name}, adjusted" for stage, name in VAES.items()}


def make_discreg_rows(
    data: str,
    columns: Mapping[str, str],
    budget: DiscregBudget,
    *,
    stages: Mapping[str, str] = VAES,
    paper: Mapping[str, Mapping[str, str]] | None = None,
) -> list[TableRow]:
    """A row for each stage of the runs of discreg.DATA, which all rows share.

    Args:
        data: celeba, cifar10, svhn or fashion; or artefacts or layers.
        columns: Scores by title.
        budget: cpu or paper.
        stages: Titles of rows by stage.
        paper: The paper's numbers by column, by stage.
    """
    return [
        TableRow(
            title,
            f"discreg.{data}",
            {column: f"{stage}/{score}" for column, score in columns.items()},
            {"budget": budget},
            (paper or {}).get(stage, {}),
        )
        for stage, title in stages.items()
    ]


def make_discreg_figure(
    title: str, data: str, columns: Mapping[str, str], budget: DiscregBudget
) -> Reproduction:
    """A figure, which is among the pictures of its runs, with numbers for what it shows."""
    return Reproduction(
        title, make_discreg_rows(data, columns, budget, stages={**VAES, **ADJUSTED_VAES})
    )
