"""Samples beside real rows that the generator has not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ...data.dataset import Examples, Space
from ...inference.sampling import sample
from ...method import Method
from ...plotting.grids import grid, write_scatter

COLUMNS = 8


def show_beside_real(method: Method, file: Path, *, space: Space, real: Examples) -> None:
    """Images in two grids, points in one cloud of two colours."""
    if space.kind == "images":
        write_grids(method, file, space, real)
    else:
        x = real.raw()
        made = sample(method, space, len(x))
        labels = torch.arange(2).repeat_interleave(len(x))
        write_scatter(torch.cat([x, made]), file, labels=labels, classes=("real rows", "samples"))


def write_grids(method: Method, file: Path, space: Space, real: Examples) -> None:
    from matplotlib.figure import Figure

    n = min(COLUMNS**2, len(real))
    sheets = {"samples": sample(method, space, n), "real images": real[:n].raw()}
    pages = {title: np.asarray(grid(x, COLUMNS)) for title, x in sheets.items()}
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
