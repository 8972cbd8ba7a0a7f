"""Pages that an experiment shows of its trained method: (method, file, ...) -> a PNG."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..inference.sampling import make_class_grid, sample_rows
from ..method import Classifies, Method, require
from .grids import PALETTE, write_grid, write_scatter


def show_samples(method: Method, file: Path, space: Preprocessor, n: int = 64) -> None:
    """n draws: images in a grid, points as a cloud."""
    x = sample_rows(method, space, n if space.kind == "images" else 2000)
    write_grid(x, file, 8) if space.kind == "images" else write_scatter(x, file)


def show_class_grid(method: Method, file: Path, space: Preprocessor, n: int = 10) -> None:
    """One code z in each row, one class in each column."""
    write_grid(make_class_grid(method, space, n), file, len(space.classes))


@torch.no_grad()
def show_decision_regions(
    method: Method, file: Path, *, x: Tensor, y: Tensor, x_labelled: Tensor, y_labelled: Tensor
) -> None:
    """The probability of class 1 over the plane, under points by class and ringed labelled ones.

    Args:
        method: Classifies points of the plane into two classes.
        file: PNG to write.
        x: Points (n, 2), drawn small.
        y: Their classes (n,).
        x_labelled: Points (m, 2), drawn large with a ring.
        y_labelled: Their classes (m,).
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    low, high = x.amin(0) - 0.3, x.amax(0) + 0.3
    across, up = (torch.linspace(low[i].item(), high[i].item(), 160) for i in (0, 1))
    plane = torch.cartesian_prod(across, up).to(x)
    probability = require(method, Classifies).classify(plane, 100).probs[:, 1].view(160, 160).T
    figure = Figure(figsize=(6, 3.6), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    tints = LinearSegmentedColormap.from_list("classes", ["#A9D1EA", "white", "#F9D78E"])
    box = (low[0].item(), high[0].item(), low[1].item(), high[1].item())
    settings = {"cmap": tints, "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
    shade = axes.imshow(probability.cpu().numpy(), origin="lower", extent=box, **settings)
    figure.colorbar(shade, label="probability of class 1", ticks=[0, 0.5, 1])
    for points, labels, size, edge in ((x, y, 5, "none"), (x_labelled, y_labelled, 90, "black")):
        for c in (0, 1):
            own = points[labels == c].cpu()
            axes.scatter(
                own[:, 0], own[:, 1], s=size, c=PALETTE[c], edgecolors=edge, linewidths=1.5
            )
    axes.set_aspect("equal")
    axes.set_axis_off()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="png")
