"""A difference that a model sees in its frame, added to the photograph at its own size."""

from __future__ import annotations

from math import ceil, floor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from torch import Tensor

from .decoding import EncodedPicture, open_picture
from .depth import find_white, get_white, is_deep, read_pixel_range
from .frame import Frame

Box = tuple[float, float, float, float]
"""Left, top, right, bottom: pixels of the upright picture."""
FEATHER = 0.1
"""Share of the frame's width or height over which a difference fades in from a border inside the
photograph."""
MAX_INTEGER = 65535
"""White in the 16 bits that PNG files hold at most."""
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grey value, as when a photograph is read."""
_PLAIN_MODES = {"1": "L", "La": "LA", "P": "RGB", "RGBa": "RGBA"}
"""Modes without a loss of pixels, by mode; others become RGB, with a note."""


class Photograph(NamedTuple):
    """The file of a picture, and where in it the row lies that a model sees."""

    name: str
    file: Path
    box: Box


class EditedPhotograph(NamedTuple):
    """A picture as PNG files hold it, and how it differs else, keys of `survey.ODDITIES`."""

    image: Image.Image
    oddities: tuple[str, ...] = ()


def edit_photograph(
    photograph: Photograph, difference: Tensor, frame: Frame | None = None
) -> EditedPhotograph:
    """The photograph with a difference of a row (c, h, w) where the row lies in it.

    Raises:
        InputError: The file is no whole image.
    """
    with open_picture(EncodedPicture(photograph.name, photograph.file)) as image:
        image.load()
        return add_to_image(image, difference, photograph.box, frame)


def add_to_image(
    image: Image.Image, difference: Tensor, box: Box, frame: Frame | None = None
) -> EditedPhotograph:
    """An image, upright, with a difference (c, h, w) smoothly resized to its box.

    Away from the box every pixel stays as it is; towards its borders inside the image the
    difference fades out. Grey images stay grey, 16 bits and transparency stay. Metadata are left
    out, apart from the colour profile.

    Args:
        image: The image, loaded.
        difference: What to add to pixels that go from 0 to 1.
        box: Where the model's frame lies.
        frame: The frame, which says what is white in pixels of more than 8 bits.
    """
    upright = ImageOps.exif_transpose(image)
    if is_deep(upright):
        return _add_to_deep_image(upright, difference, box, frame or Frame())
    kept = upright.info.get("icc_profile")
    if upright.has_transparency_data and upright.mode != "LA":
        mode = "LA" if upright.mode == "La" else "RGBA"
    else:
        mode = _PLAIN_MODES.get(upright.mode, upright.mode)
    oddities: tuple[str, ...] = ()
    if mode not in ("L", "LA", "RGB", "RGBA"):
        oddities, kept, mode = ("as RGB",), None, "RGB"
    pixels = np.array(upright if upright.mode == mode else upright.convert(mode))
    colours = pixels if pixels.ndim == 3 else pixels[:, :, None]
    count = 1 if mode in ("L", "LA") else 3
    _add_to_pixels(colours[:, :, :count], difference, box, 255)
    edited = Image.fromarray(pixels)
    if kept:
        edited.info["icc_profile"] = kept
    return EditedPhotograph(edited, oddities)


def _add_to_deep_image(
    image: Image.Image, difference: Tensor, box: Box, frame: Frame
) -> EditedPhotograph:
    """A grey image of more than 8 bits: whole numbers up to what is white; fractions as 16 bits."""
    values = read_pixel_range(image, "The picture")
    white = get_white(frame, values) or find_white(values)
    pixels = np.asarray(image, dtype=np.float64)
    if values.fractions:
        pixels, white = (pixels / white).clip(0, 1) * MAX_INTEGER, MAX_INTEGER
    whole = pixels.round().astype(np.uint16)
    _add_to_pixels(whole[:, :, None], difference, box, white)
    return EditedPhotograph(Image.fromarray(whole), ("as 16 bits",) if values.fractions else ())


def _add_to_pixels(pixels: np.ndarray, difference: Tensor, box: Box, white: float) -> None:
    """Add to whole numbers (H, W, c), in place, of which `white` is the greatest."""
    channels = _fit_channels(difference.detach().cpu().float().numpy(), pixels.shape[2])
    down = _fit_axis(box[1], box[3], pixels.shape[0], channels.shape[1])
    across = _fit_axis(box[0], box[2], pixels.shape[1], channels.shape[2])
    weights = white * np.outer(down.weights, across.weights)
    size, source = weights.shape[::-1], (across.low, down.low, across.high, down.high)
    for k, channel in enumerate(channels):
        large = Image.fromarray(channel).resize(size, Image.Resampling.BICUBIC, source)
        part = pixels[down.first : down.last, across.first : across.last, k]
        part[...] = (part + weights * np.asarray(large)).round().clip(0, white).astype(part.dtype)


class _Axis(NamedTuple):
    """A side of a box: its whole pixels, the part of a difference on them, and their weights."""

    first: int
    last: int
    low: float
    high: float
    weights: np.ndarray


def _fit_axis(start: float, stop: float, length: int, size: int) -> _Axis:
    """The whole pixels from `start` to `stop` of `length`, where a difference of `size` lies.

    Weights rise from borders of the box inside the length.
    """
    first = min(max(ceil(start), 0), length - 1)
    last = max(first + 1, min(floor(stop), length))
    low, high = (min(max((at - start) / (stop - start), 0), 1) * size for at in (first, last))
    places, margin = np.arange(first, last) + 0.5, FEATHER * (stop - start)
    rise = (places - start) / margin if first > 0 else np.ones(last - first)
    fall = (stop - places) / margin if last < length else np.ones(last - first)
    t = np.minimum(rise, fall).clip(0, 1)
    return _Axis(first, last, low, high, (t * t * (3 - 2 * t)).astype(np.float32))


def _fit_channels(difference: np.ndarray, count: int) -> np.ndarray:
    """A difference (c, h, w) for so many channels: grey for colours, or their luma for grey."""
    if len(difference) == count:
        return difference
    if count == 1:
        return np.tensordot(np.array(LUMA, np.float32), difference, 1)[None]
    return np.repeat(difference, count, 0)
