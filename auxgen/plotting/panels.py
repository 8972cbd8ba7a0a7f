"""Figures: clouds of points by class, and grids, clouds and maps of several models in panels."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..data.labels import find_labelled_rows
from ..files import write_file
from ..inference.batched import map_batches
from ..inference.codes import make_analogies, make_class_grid, sample_rows
from ..inference.prediction import predict_rows
from ..method import Classifies, Method, require
from ..rng import get_device, use_seed
from .grids import PALETTE, draw_image_grid, draw_picture, write_grid


def write_panels(
    panels: Mapping[str, Tensor], path: Path, *, columns: int = 8, across: int | None = None
) -> Path:
    """Write grids of images under their names to a PNG file, and return its path.

    Args:
        panels: Images (n, c, h, w) in [0, 1] by name.
        columns: Images in a row of a grid.
        across: Grids beside each other; None for all.
    """
    pages = {name: draw_image_grid(images, columns) for name, images in panels.items()}
    page = next(iter(pages.values()))
    size = (4.6, 4.6 * page.height / page.width + 0.3)
    figure, axes = make_panel_axes(len(pages), across or len(pages), size)
    for place, (name, picture) in zip(axes, pages.items(), strict=False):
        place.imshow(picture, interpolation="antialiased")
        place.set_title(name)
        place.set_axis_off()
    return save_figure(figure, path)


def write_scatter(
    points: Tensor, path: Path, *, labels: Tensor | None = None, classes: Sequence[str] = ()
) -> Path:
    """Write a cloud of points to a PNG file, coloured by class, and return its path.

    Args:
        points: Points (n, d), of which the first two dimensions are drawn.
        labels: Class indices (n,), -1 for points without a class, which are grey; None for no
            classes at all.
        classes: Names of the classes, for the legend.
    """
    figure, (axes,) = make_panel_axes(1, 1, (5, 5), dpi=120)
    labels = torch.full((len(points),), -1) if labels is None else labels.cpu()
    _draw_classes(axes, points, labels, classes, s=8, alpha=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, markerscale=2)
    return save_figure(figure, path)


def _draw_classes(
    axes: Any, points: Tensor, labels: Tensor, classes: Sequence[str], blank: str = "", **style: Any
) -> None:
    """Draw points (n, d) by class, -1 in grey, with a name for the legend unless it is empty."""
    axes.set_aspect("equal", adjustable="datalim")
    for c in labels.unique().tolist():
        x, y = points[labels == c, :2].detach().cpu().T.numpy()
        colour = "#767676" if c < 0 else PALETTE[c % len(PALETTE)]
        name = classes[c] if 0 <= c < len(classes) else blank
        axes.scatter(x, y, linewidths=0, color=colour, label=name or None, **style)


def write_clouds(clouds: Mapping[str, Tensor], path: Path) -> Path:
    """Write clouds of points (n, 2) or (n, 3), side by side under their names, to a PNG file.

    All have the axes of the first cloud; points outside them are not drawn.
    """
    first = next(iter(clouds.values())).cpu()
    solid = first.shape[1] == 3
    margin = 0.15 * (first.amax(0) - first.amin(0)).max()
    low, high = first.amin(0) - margin, first.amax(0) + margin
    limits = [tuple(ends) for ends in torch.stack([low, high], 1).tolist()]
    figure, axes = make_panel_axes(len(clouds), len(clouds), (2.6, 2.9), solid=solid)
    for place, (name, points) in zip(axes, clouds.items(), strict=True):
        inside = ((points.cpu() > low) & (points.cpu() < high)).all(1)
        columns = points.cpu()[inside].T.numpy()
        place.scatter(*columns, s=2, alpha=0.5, linewidths=0, color=PALETTE[0])
        place.set(title=name, xlim=limits[0], ylim=limits[1], xticks=[], yticks=[])
        if solid:
            place.set(zlim=limits[2], zticks=[])
            place.view_init(elev=12, azim=-75)
        else:
            place.set_aspect("equal")
    return save_figure(figure, path)


def write_maps(
    maps: Mapping[str, Tensor], path: Path, *, labels: Tensor, classes: Sequence[str]
) -> Path:
    """Write maps of points (n, 2), side by side with one legend of classes, to a PNG file.

    Labels (n,) are class indices; points of -1 have no class, and are grey.
    """
    figure, axes = make_panel_axes(len(maps), len(maps), (4.6, 4.9))
    for place, (name, points) in zip(axes, maps.items(), strict=True):
        _draw_classes(place, points, labels, classes, "no label", s=4)
        place.set(title=name, xticks=[], yticks=[])
    settings = {"loc": "outside lower center", "ncols": 5, "markerscale": 4, "frameon": False}
    figure.legend(*axes[0].get_legend_handles_labels(), **settings)
    return save_figure(figure, path)


def make_panel_axes(
    n: int, across: int, size: tuple[float, float], *, solid: bool = False, dpi: int = 110
) -> tuple[Any, Sequence[Any]]:
    """A figure with n axes, `across` of them in a row, and these axes.

    Args:
        size: Width and height of each, in inches.
        solid: Whether axes have three dimensions.
        dpi: Pixels of an inch.
    """
    from matplotlib.figure import Figure

    down = ceil(n / across)
    figure = Figure(figsize=(size[0] * across, size[1] * down), dpi=dpi, layout="constrained")
    settings = {"projection": "3d"} if solid else {}
    axes = list(figure.subplots(down, across, squeeze=False, subplot_kw=settings).flatten())
    for place in axes[n:]:
        place.set_axis_off()
    return figure, axes[:n]


def save_figure(figure: Any, path: Path) -> Path:
    """Write a matplotlib figure to a PNG file, and return its path."""
    return write_file(path, lambda out: figure.savefig(out, format="png"))


def show_samples(method: Method, file: Path, space: Preprocessor, n: int = 64) -> None:
    """Draw n images in a grid, or 2000 points as a cloud."""
    x = sample_rows(method, space, n if space.kind == "images" else 2000)
    write_grid(x, file, 8) if space.kind == "images" else write_scatter(x, file)


def show_class_grid(method: Method, file: Path, space: Preprocessor, n: int = 10) -> None:
    """Draw n codes z, one in each row, decoded under one class in each column."""
    write_grid(make_class_grid(method, space, n), file, len(space.classes))


def show_analogies(method: object, file: Path, *, space: Preprocessor, raw: Tensor) -> None:
    """Each original with its code decoded under every class (Maaloe et al. 2016, figure 3a)."""
    write_grid(make_analogies(method, space, raw).flatten(0, 1), file, 1 + len(space.classes))


def show_surest_mistakes(
    method: Method, file: Path, *, rows: Dataset, space: Preprocessor, draws: int = 20, n: int = 10
) -> None:
    """Draw the labelled images of whose own class the model is least sure, each with both classes.

    First come those that it is surest to be something else. No more than 2,000 rows are looked at.
    """
    rows = rows[find_labelled_rows(rows.y)[:2000]]
    raw = rows.raw_rows()
    with use_seed(0, get_device(method)):
        found = predict_rows(method, space, raw, draws)
    own = found.probabilities.gather(1, rows.y.unsqueeze(1)).squeeze(1)
    worst = own.argsort()[:n].tolist()
    figure, axes = make_panel_axes(len(worst), min(5, len(worst)), (1.9, 2.3))
    for place, i in zip(axes, worst, strict=True):
        place.imshow(draw_picture(raw[i]), interpolation="nearest", cmap="gray")
        said, true = found.names[i], rows.classes[int(rows.y[i])]
        share = f"{100 * found.confidence[i].item():.0f} %"
        words = f"{said}: right, {share}" if said == true else f"is {true}\nsaid {said}, {share}"
        place.set_title(words, fontsize=9, parse_math=False)
        place.set_axis_off()
    save_figure(figure, file)


@torch.no_grad()
def show_decision_regions(
    method: Method, file: Path, *, x: Tensor, y: Tensor, x_labelled: Tensor, y_labelled: Tensor
) -> None:
    """Draw the probability of class 1 over the plane, and points by class on top of it.

    Points x (n, 2) of classes y (n,) are small; labelled ones (m, 2), (m,) large with a ring.
    """
    from matplotlib.colors import LinearSegmentedColormap

    low, high = x.amin(0) - 0.3, x.amax(0) + 0.3
    across, up = (torch.linspace(low[i].item(), high[i].item(), 160) for i in (0, 1))
    plane = torch.cartesian_prod(across, up).to(x)
    classifier = require(method, Classifies)

    def classify(points: Tensor) -> Tensor:
        return classifier.classify(points, 100).probs[:, 1]

    probability = map_batches(classify, plane, device=x.device).view(160, 160).T
    figure, (axes,) = make_panel_axes(1, 1, (6, 3.6))
    tints = LinearSegmentedColormap.from_list("classes", ["#A9D1EA", "white", "#F9D78E"])
    box = (low[0].item(), high[0].item(), low[1].item(), high[1].item())
    settings = {"cmap": tints, "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
    shade = axes.imshow(probability.cpu().numpy(), origin="lower", extent=box, **settings)
    figure.colorbar(shade, label="probability of class 1", ticks=[0, 0.5, 1])
    for points, labels, size, edge in ((x, y, 5, "none"), (x_labelled, y_labelled, 90, "black")):
        for c in (0, 1):
            xy = points[labels == c].cpu().T
            axes.scatter(*xy, s=size, c=PALETTE[c], edgecolors=edge, linewidths=1.5)
    axes.set_aspect("equal")
    axes.set_axis_off()
    save_figure(figure, file)
