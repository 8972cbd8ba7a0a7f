"""A person's picture files as raw rows that fit a model's space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .dataset import Preprocessor

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
BILINEAR = 2  # PIL.Image.Resampling.BILINEAR, which need not be imported for it


def read_pictures(
    files: Sequence[Path], names: Sequence[str], space: Preprocessor, resize: bool
) -> Tensor:
    """Image files as rows (n, c, h, w).

    Raises:
        InputError: The model sees no such images, or a file is no whole image or does not fit.
    """
    rows = [_read_picture(f, space, n, resize) for f, n in zip(files, names, strict=True)]
    return torch.cat(rows) if rows else torch.empty(0, *space.shape)


def _read_picture(path: Path, space: Preprocessor, name: str, resize: bool) -> Tensor:
    if len(space.shape) != 3:
        raise InputError(f"{name!r} is an image, but the model takes {space.describe_row_shape()}.")
    c, h, w = space.shape
    if c not in (1, 3):
        raise InputError(f"{name!r} cannot fill {c} channels; give the rows as .npy.")
    image = _open_upright_image(path, name).convert("L" if c == 1 else "RGB")
    if image.size != (w, h):
        if not resize:
            got = f"{image.width} x {image.height}"
            raise InputError(f"{name!r} is {got} pixels, the model takes {w} x {h}; ask to resize.")
        image = image.resize((w, h), resample=BILINEAR)
    pixels = torch.from_numpy(np.array(image, dtype=np.float32) / 255)
    return pixels.reshape(h, w, c).permute(2, 0, 1).unsqueeze(0)


def _open_upright_image(path: Path, name: str) -> Image:
    """The image in a file, turned upright, with 8 bits a channel."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I;16"):  # which `convert` would clip at 255
                image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
            image.load()
            return image
    except OSError as error:
        raise InputError(f"{name!r} cannot be read; expected an intact image.") from error
