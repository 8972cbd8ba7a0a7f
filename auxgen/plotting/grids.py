"""Pictures of images: one as it is, or a grid of them."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError
from ..files import write_file

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_DISPLAY_SIZE = 56  # pixels, to about which smaller images are enlarged
# Okabe & Ito's colours, which colour-blind people can tell apart
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B59F00", "#6A3D9A",
    "#8C564B", "#7F7F7F",
)  # fmt: skip


def draw_image_grid(images: Tensor, columns: int | None = None, *, padding: int = 2) -> Image:
    """Images side by side, row after row, small ones enlarged without blur.

    Args:
        images: (n, c, h, w), whose values are clipped to [0, 1]; c is 1 (grey), 3 (colour) or
            2 (a stereo pair, shown side by side).
        columns: Images in a row; None for a grid that is about square.
        padding: White pixels around each image.

    Raises:
        InputError: There is no image, or another number of channels.
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
    """Write `draw_image_grid` to a PNG file, and return its path."""
    page = draw_image_grid(images, columns)
    return write_file(path, lambda out: page.save(out, format="PNG"))


def draw_picture(picture: Tensor) -> Image:
    """One picture (c, h, w), with c 1 or 3 and values in [0, 1], as it is."""
    from PIL import Image

    pixels = picture.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def write_picture(picture: Tensor, file: Path) -> None:
    """Write `draw_picture` to a PNG file."""
    image = draw_picture(picture)
    write_file(file, lambda out: image.save(out, format="PNG"))


def _make_tiles(images: Tensor) -> Tensor:
    """Images as tiles enlarged by a whole factor: (n, c, h, w) -> (n, 3, H, W) uint8."""
    if images.ndim != 4 or len(images) == 0 or images.shape[1] not in (1, 2, 3):
        got, expected = tuple(images.shape), "images (n, 1, 2 or 3, h, w)"
        raise InputError(f"A picture cannot be made of rows {got}; expected {expected}.")
    x = images.detach().cpu().float().nan_to_num(0.0).clamp(0, 1).mul(255).round()
    if x.shape[1] == 2:
        x = torch.cat([x[:, :1], x[:, 1:]], dim=-1)
    factor = max(1, ceil(MIN_DISPLAY_SIZE / x.shape[-2]))
    x = F.interpolate(x, scale_factor=factor, mode="nearest") if factor > 1 else x
    return x.expand(-1, 3, -1, -1).to(torch.uint8)
