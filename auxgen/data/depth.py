"""Pictures whose pixels have more than 8 bits: which value is white, and their 8 bits.

A picture does not say how many of its 16 bits a camera filled, and fractions may end at 1 or at
255. So the values of all pictures together decide, the answer is kept in the frame and in a note,
and what would have to be clipped is refused.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..errors import InputError
from .frame import Frame

FEWER_BITS = (8, 10, 12)
"""Bits that cameras and converters leave in the lower part of 16."""
ROUNDING = 1e-3
"""How far fractions may be beyond black and white, as a share of white."""


class PixelRange(NamedTuple):
    """The values in pictures of more than 8 bits.

    Attributes:
        location: The picture with the largest.
        fractions: Whether pixels are fractions by their kind, though they may all be whole.
        low, high: The smallest and the largest.
        step: The greatest number that divides all of them, 0 where all are 0; 1 of fractions.
        whole: Whether they are whole numbers.
    """

    location: str
    fractions: bool
    low: float
    high: float
    step: int
    whole: bool


def is_deep(image: Image.Image) -> bool:
    """Whether a picture's pixels have more than 8 bits, as far as Pillow keeps them."""
    return image.mode[0] in "IF"


def read_pixel_range(image: Image.Image, location: str) -> PixelRange:
    """The values of a loaded picture.

    Raises:
        InputError: They are not finite, or some are negative.
    """
    values = np.asarray(image)
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)) or low < -ROUNDING * max(high, 1.0):
        raise InputError(
            f"{location} has pixels from {low:g} to {high:g}; numbers from 0 (black) on are "
            "expected."
        )
    if values.dtype.kind == "f":
        whole = bool((values == np.round(values)).all())
        return PixelRange(location, True, low, high, 1, whole)
    step = int(np.gcd.reduce(np.unique(values).astype(np.int64)))
    return PixelRange(location, False, low, high, step, True)


def merge_ranges(first: PixelRange, second: PixelRange) -> PixelRange:
    """The range of both together."""
    brighter = max(first, second, key=lambda values: values.high)
    return brighter._replace(
        low=min(first.low, second.low),
        step=gcd(first.step, second.step),
        whole=first.whole and second.whole,
    )


def find_white(values: PixelRange) -> float:
    """The value that is white in pictures of this range.

    Of whole numbers it is 65535, unless all fit in 8, 10 or 12 bits and are not plainly 16 bits of
    a dark picture: those that were made from 8 or 12 bits are multiples of 257 or of 16. Of
    fractions it is 1, or what is white in 8 or 16 bits.

    Raises:
        InputError: The values end at none of these.
    """
    if values.fractions:
        return _find_white_of_fractions(values)
    if values.high > 65535:
        raise InputError(
            f"{values.location} has pixels up to {values.high:.0f}, and which value is white is "
            "not known; 16 bits or fewer are expected."
        )
    if values.step % 257 and values.step % 16:
        return next((2**bits - 1 for bits in FEWER_BITS if values.high < 2**bits), 65535)
    return 65535


def _find_white_of_fractions(values: PixelRange) -> float:
    if values.high <= 1 + ROUNDING:
        return 1.0
    for white in (255.0, 65535.0):
        bright = values.high > white / 2 or (values.whole and white == 255)
        if bright and values.high <= white * (1 + ROUNDING):
            return white
    raise InputError(
        f"{values.location} has pixels from {values.low:g} to {values.high:g}, and which value is "
        "white is not known; 0 to 1, or whole numbers to 255, are expected."
    )


def get_white(frame: Frame, values: PixelRange) -> float | None:
    """The value that is white in the frame for pictures of this kind; None where none was met."""
    return frame.float_white if values.fractions else frame.integer_white


def scale_to_eight_bits(image: Image.Image, frame: Frame, location: str) -> Image.Image:
    """A loaded picture of more than 8 bits with 8; without a white in the frame, by its own values.

    Raises:
        InputError: A value is above what is white, or it is not known what is.
    """
    values = read_pixel_range(image, location)
    white = get_white(frame, values) or find_white(values)
    if values.high > white * (1 + (ROUNDING if values.fractions else 0.0)):
        raise InputError(
            f"{location} has pixels up to {values.high:g}, but in the pictures that the model "
            f"learned from {white:g} is white; pictures of that range are expected."
        )
    pixels = np.asarray(image, dtype=np.float64) / (white / 255)
    return Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8))
