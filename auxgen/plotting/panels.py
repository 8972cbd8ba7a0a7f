"""Several models side by side: grids of pictures, and maps of codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .grids import PALETTE, draw_image_grid


def write_panels(
    panels: Mapping[str, Tensor], path: Path, *, columns: int = 8, across: int | None = None
) -> Path:
    """Grids of images under their names.

    Args:
        panels: Images (n, c, h, w) in [0, 1] by name.
        path: PNG to write.
        columns: Images in a row of a grid.
        across: Grids beside each other; all where None.
    """
    pages = {name: draw_image_grid(images, columns) for name, images in panels.items()}
    page = next(iter(pages.values()))
    across = across or len(pages)
    high = 4.6 * page.height / page.width + 0.3
    figure, axes = make_panel_axes(len(pages), across, (4.6, high))
    for place, (name, picture) in zip(axes, pages.items(), strict=False):
        place.imshow(picture, interpolation="antialiased")
        place.set_title(name)
        place.set_axis_off()
    return save_figure(figure, path)


def write_clouds(clouds: Mapping[str, Tensor], path: Path) -> Path:
    """Points (n, 2) or (n, 3) beside each other on axes of the same length, under their names.

    The axes are those of the first cloud: what lies outside them is not drawn.
    """
    first = next(iter(clouds.values())).cpu()
    solid = first.shape[1] == 3
    low, high = first.amin(0), first.amax(0)
    margin = 0.15 * (high - low).max()
    low, high = low - margin, high + margin
    limits = [tuple(ends) for ends in torch.stack([low, high], 1).tolist()]
    figure, axes = make_panel_axes(len(clouds), len(clouds), (2.6, 2.9), solid=solid)
    for place, (name, points) in zip(axes, clouds.items(), strict=True):
        inside = ((points.cpu() > low) & (points.cpu() < high)).all(1)
        columns = points.cpu()[inside].T.numpy()
        place.scatter(*columns, s=2, alpha=0.5, linewidths=0, color=PALETTE[0])
        place.set_title(name)
        place.set(xlim=limits[0], ylim=limits[1], xticks=[], yticks=[])
        if solid:
            place.set(zlim=limits[2], zticks=[])
            place.view_init(elev=12, azim=-75)
        else:
            place.set_aspect("equal")
    return save_figure(figure, path)


def write_maps(
    maps: Mapping[str, Tensor], path: Path, *, labels: Tensor, classes: Sequence[str]
) -> Path:
    """Points of the plane by class, one map for each name, and one legend.

    Args:
        maps: (n, 2) by name.
        path: PNG to write.
        labels: Class indices (n,); -1 for none, drawn grey.
        classes: Names of the classes.
    """
    figure, axes = make_panel_axes(len(maps), len(maps), (4.6, 4.9))
    for place, (name, points) in zip(axes, maps.items(), strict=True):
        for c in labels.unique().tolist():
            xy = points[labels == c].cpu().numpy()
            colour = "#767676" if c < 0 else PALETTE[c % len(PALETTE)]
            said = classes[c] if 0 <= c < len(classes) else "no label"
            place.scatter(xy[:, 0], xy[:, 1], s=4, linewidths=0, color=colour, label=said)
        place.set_title(name)
        place.set_aspect("equal", adjustable="datalim")
        place.set_xticks([])
        place.set_yticks([])
    handles, names = axes[0].get_legend_handles_labels()
    settings = {"loc": "outside lower center", "ncols": 5, "markerscale": 4, "frameon": False}
    figure.legend(handles, names, **settings)
    return save_figure(figure, path)


def make_panel_axes(
    n: int, across: int, size: tuple[float, float], *, solid: bool = False
) -> tuple[Any, Sequence[Any]]:
    """A figure with n places, so many beside each other, of this size in inches each.

    The places have three dimensions where they are `solid`.
    """
    from matplotlib.figure import Figure

    down = ceil(n / across)
    figure = Figure(figsize=(size[0] * across, size[1] * down), dpi=110, layout="constrained")
    settings = {"projection": "3d"} if solid else {}
    axes = list(figure.subplots(down, across, squeeze=False, subplot_kw=settings).flatten())
    for place in axes[n:]:
        place.set_axis_off()
    return figure, axes[:n]


def save_figure(figure: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png")
    return path
