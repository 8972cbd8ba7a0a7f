"""Pictures of rows: a grid of images, a cloud of points."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_DISPLAY_SIZE = 56  # pixels: smaller images are enlarged to about this
# Okabe & Ito's colours, which colour-blind people can tell apart
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B59F00", "#6A3D9A",
    "#8C564B", "#7F7F7F",
)  # fmt: skip


def draw_image_grid(images: Tensor, columns: int | None = None, *, padding: int = 2) -> Image:
    """Images side by side, row after row, small ones enlarged without blur.

    Args:
        images: (n, c, h, w) with values in [0, 1], clipped to it; c is 1 (grey), 3 (colour) or
            2 (a stereo pair, shown side by side).
        columns: Images in a row; about a square where None.
        padding: White pixels around each.

    Raises:
        InputError: No image, or another number of channels.
    """
    from PIL import Image

    tiles = _make_tiles(images)
    n, _, h, w = tiles.shape
    columns = columns or ceil(n**0.5)
    rows = ceil(n / columns)
    height, width = h + padding, w + padding
    page = np.full((rows * height + padding, columns * width + padding, 3), 255, dtype=np.uint8)
    for i, tile in enumerate(tiles.permute(0, 2, 3, 1).numpy()):
        top, left = padding + i // columns * height, padding + i % columns * width
        page[top : top + h, left : left + w] = tile
    return Image.fromarray(page)


def write_grid(images: Tensor, path: Path, columns: int | None = None) -> Path:
    """`draw_image_grid` as a PNG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_image_grid(images, columns).save(path, format="PNG")
    return path


def _make_tiles(images: Tensor) -> Tensor:
    """(n, c, h, w) in [0, 1] -> (n, 3, H, W) uint8, enlarged by a whole factor."""
    if images.ndim != 4 or len(images) == 0 or images.shape[1] not in (1, 2, 3):
        got = tuple(images.shape)
        raise InputError(f"A picture cannot be made of rows {got}; wanted is (n, 1, 2 or 3, h, w).")
    x = images.detach().cpu().float().nan_to_num(0.0).clamp(0, 1).mul(255).round()
    if x.shape[1] == 2:
        x = torch.cat([x[:, :1], x[:, 1:]], dim=-1)
    factor = max(1, ceil(MIN_DISPLAY_SIZE / x.shape[-2]))
    x = F.interpolate(x, scale_factor=factor, mode="nearest") if factor > 1 else x
    return x.expand(-1, 3, -1, -1).to(torch.uint8)


def write_scatter(
    points: Tensor, path: Path, *, labels: Tensor | None = None, classes: Sequence[str] = ()
) -> Path:
    """A cloud of points as a PNG file, coloured by class where labels are given.

    Args:
        points: (n, d), of which the first two dimensions are drawn.
        path: To write.
        labels: Class indices (n,); -1 for none, drawn grey.
        classes: Names of the classes, for the legend.
    """
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(5, 5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    labels = torch.full((len(points),), -1) if labels is None else labels.cpu()
    for c in labels.unique().tolist():
        xy = points[labels == c].detach().cpu().numpy()
        name = classes[c] if 0 <= c < len(classes) else None
        colour = "#767676" if c < 0 else PALETTE[c % len(PALETTE)]
        axes.scatter(xy[:, 0], xy[:, 1], s=8, alpha=0.6, linewidths=0, color=colour, label=name)
    axes.set_aspect("equal", adjustable="datalim")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, markerscale=2)
    figure.savefig(path, format="png")
    return path
