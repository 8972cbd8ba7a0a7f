"""Samples beside real rows that the generator has not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ...data.dataset import Dataset, Preprocessor
from ...inference.sampling import sample_rows
from ...method import Method
from ...plotting.grids import draw_image_grid, write_scatter

GRID_COLUMNS = 8


def show_beside_real(method: Method, file: Path, *, space: Preprocessor, real: Dataset) -> None:
    """Images in two grids, points in one cloud of two colours."""
    if space.kind == "images":
        _draw_image_grids(method, file, space, real)
    else:
        x = real.raw_rows()
        made = sample_rows(method, space, len(x))
        labels = torch.arange(2).repeat_interleave(len(x))
        write_scatter(torch.cat([x, made]), file, labels=labels, classes=("real rows", "samples"))


def _draw_image_grids(method: Method, file: Path, space: Preprocessor, real: Dataset) -> None:
    from matplotlib.figure import Figure

    n = min(GRID_COLUMNS**2, len(real))
    sheets = {"samples": sample_rows(method, space, n), "real images": real[:n].raw_rows()}
    pages = {title: np.asarray(draw_image_grid(x, GRID_COLUMNS)) for title, x in sheets.items()}
    height, width, _ = pages["samples"].shape
    dots = 100
    size = (2 * width / dots + 0.3, height / dots + 0.6)
    figure = Figure(figsize=size, dpi=dots, layout="constrained")
    for axes, (title, page) in zip(figure.subplots(1, 2), pages.items(), strict=True):
        axes.imshow(page, interpolation="nearest")
        axes.set_title(title)
        axes.set_axis_off()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="png")
