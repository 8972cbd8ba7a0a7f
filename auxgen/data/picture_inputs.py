"""A person's picture files as raw rows that fit a model's space: framed as in training."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError
from .dataset import Preprocessor
from .decoding import (
    GREY_MODES,
    EncodedPicture,
    apply_frame,
    convert_to_pixels,
    find_frame_box,
    load_upright,
    open_picture,
)
from .depth import get_white, is_deep, read_pixel_range
from .frame import Frame
from .photographs import Box, Photograph
from .survey import describe_oddity, describe_white, find_oddities

UNKNOWN_FRAME = Frame(alpha="drop")
"""How pictures were read when artefacts did not say it yet."""


class _FramedPicture(NamedTuple):
    """Pixels uint8 (c, h, w) of a box, and notes on the picture: kinds of oddities, sentences."""

    pixels: np.ndarray
    box: Box
    oddities: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_pictures(
    files: Sequence[Path], names: Sequence[str], space: Preprocessor, *, resize: bool
) -> tuple[Tensor, list[Photograph], list[str]]:
    """Image files as rows (n, c, h, w), where these lie in the files, and notes on guesses.

    Args:
        files: The files.
        names: What to call each in messages.
        space: How the model sees rows, and how its pictures were framed.
        resize: Whether to fit pictures for which the frame has no rule.

    Raises:
        InputError: The model sees no such images, or a file is no whole image or does not fit.
    """
    if not files:
        return torch.empty(0, *space.shape), [], []
    if len(space.shape) != 3:
        raise InputError(
            f"{names[0]!r} is an image, but the model takes {space.describe_row_shape()}."
        )
    if space.shape[0] not in (1, 3):
        raise InputError(f"{names[0]!r} cannot fill {space.shape[0]} channels; give rows as .npy.")
    pictures = [EncodedPicture(name, file) for name, file in zip(names, files, strict=True)]
    with ThreadPoolExecutor() as pool:
        framed = list(pool.map(partial(_read_picture, space=space, resize=resize), pictures))
    pixels = torch.from_numpy(np.stack([one.pixels for one in framed]))
    each = zip(names, files, framed, strict=True)
    photographs = [Photograph(name, Path(file), one.box) for name, file, one in each]
    return pixels / 255.0, photographs, _make_notes(names, framed, space)


def _read_picture(picture: EncodedPicture, space: Preprocessor, resize: bool) -> _FramedPicture:
    frame = space.frame or UNKNOWN_FRAME
    with open_picture(picture) as image:
        oddities = list(find_oddities(image))
        if space.shape[0] == 1 and image.mode not in GREY_MODES:
            oddities.append("coloured")
        notes = ()
        if is_deep(image):
            image.load()
            values = read_pixel_range(image, picture.location)
            notes = () if get_white(frame, values) else (describe_white(values, frame),)
        upright = load_upright(image, space.shape[0], frame, picture.location)
        fitted, box, how = _fit(upright, space, resize, picture.location)
        return _FramedPicture(convert_to_pixels(fitted), box, (*oddities, *how), notes)


def _fit(
    image: Image.Image, space: Preprocessor, resize: bool, name: str
) -> tuple[Image.Image, Box, tuple[str, ...]]:
    """The picture at the model's size, by the frame of training where that has a rule for it.

    With it come the box that it fills, and kinds of oddities.
    """
    frame, (height, width) = space.frame, space.shape[1:]
    if frame is not None and min(image.size) >= (frame.crop or 1):
        framed = apply_frame(image, frame)
        if framed.size == (width, height):
            return framed, find_frame_box(image.size, frame), ()
    if image.size == (width, height):
        return image, (0, 0, width, height), () if frame is None else ("framed",)
    if resize:
        box = _find_cover(image.size, (width, height))
        scaling = Image.Resampling[(frame or UNKNOWN_FRAME).filter.upper()]
        return image.resize((width, height), scaling, box), box, ("resized",)
    least = f", at least {frame.crop} of them each way" if frame and frame.crop else ""
    raise InputError(
        f"{name!r} is {image.width} x {image.height} pixels, the model takes {width} x {height}"
        f"{least}; --resize fits others."
    )


def _find_cover(size: tuple[int, int], target: tuple[int, int]) -> Box:
    """The largest part from the centre of a (width, height) that has the target's proportions."""
    (w, h), (width, height) = size, target
    scale = min(w / width, h / height)
    half_width, half_height = scale * width / 2, scale * height / 2
    x, y = w / 2, h / 2
    return x - half_width, y - half_height, x + half_width, y + half_height


def _make_notes(
    names: Sequence[str], framed: Sequence[_FramedPicture], space: Preprocessor
) -> list[str]:
    """Sentences on what a person should know of how the pictures were read."""
    odd: dict[str, list[str]] = {}
    for name, one in zip(names, framed, strict=True):
        for kind in one.oddities:
            odd.setdefault(kind, []).append(name)
    notes = [] if space.frame is not None else [_DESCRIPTION_OF_UNKNOWN]
    if space.frame is None or space.frame.alpha == "drop":
        odd.pop("alpha", None)
    notes += [describe_oddity(kind, len(found), found[0]) for kind, found in odd.items()]
    return [*notes, *dict.fromkeys(note for one in framed for note in one.notes)]


_DESCRIPTION_OF_UNKNOWN = (
    "The model does not say how its pictures were cropped and resized, as it is of an earlier "
    "version: pictures of its size are taken as they are, and --resize takes the largest part of "
    "others from their centre; transparency is dropped."
)
