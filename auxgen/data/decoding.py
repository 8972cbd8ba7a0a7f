"""Encoded pictures to uint8 pixels: PNG, JPEG, WebP and whatever else Pillow reads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import InputError
from .frame import Frame

GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F"})
ORIENTATION_TAG = 0x0112
PICTURES_PER_BLOCK = 256
"""Pictures read at once: all that is in memory beside their pixels."""


def split_into_blocks(count: int) -> Iterator[slice]:
    """The pictures that are read at once, block after block of `count`."""
    for start in range(0, count, PICTURES_PER_BLOCK):
        yield slice(start, min(start + PICTURES_PER_BLOCK, count))


class EncodedPicture(NamedTuple):
    """A picture as it lies in a file, and what to call it when it cannot be read."""

    location: str
    content: bytes | Path


@dataclass(frozen=True)
class PictureReader:
    """`count` encoded pictures; `read` gives those of a slice."""

    count: int
    read: Callable[[slice], Sequence[EncodedPicture]]

    def iterate_blocks(self) -> Iterator[Sequence[EncodedPicture]]:
        return map(self.read, split_into_blocks(self.count))


def find_common_shape(pictures: PictureReader, frame: Frame) -> tuple[int, int, int]:
    """The shape (c, h, w) that all pictures have in the frame; reads their headers only.

    One channel when all are grey, else three.

    Raises:
        InputError: A file is no image, two differ in size and none is given, one is smaller than
            the crop.
    """
    colours, first = 1, None
    with ThreadPoolExecutor() as pool:
        for part in pictures.iterate_blocks():
            headers = pool.map(_read_picture_header, part)
            for picture, (grey, size) in zip(part, headers, strict=True):
                colours = colours if grey else 3
                first = first or (picture.location, size)
                check_picture_size(picture.location, size, first, frame)
    if first is None:
        raise InputError("No picture was found; one or more are expected.")
    width, height = first[1]
    side = frame.get_output_side()
    return colours, side or height, side or width


def check_picture_size(
    location: str, size: tuple[int, int], first: tuple[str, tuple[int, int]], frame: Frame
) -> None:
    """Raises unless a picture of this (width, height) ends as large as the first in the frame."""
    width, height = size
    if frame.crop is not None and min(size) < frame.crop:
        raise InputError(
            f"{location} is {width}x{height} pixels; at least the crop of {frame.crop} is expected."
        )
    if frame.get_output_side() is None and size != first[1]:
        raise InputError(
            f"{first[0]} is {first[1][0]}x{first[1][1]} and {location} is {width}x{height} pixels: "
            f"give one size for all, such as --size {min(*size, *first[1])}."
        )


def decode_blocks(pictures: PictureReader, channels: int, frame: Frame) -> Iterator[np.ndarray]:
    """Pixels in order, a few pictures at a time: uint8 (m, c, h, w).

    Raises:
        InputError: A picture is cut short or damaged.
    """
    decode = partial(_decode_picture, channels=channels, frame=frame)
    with ThreadPoolExecutor() as pool:
        for part in pictures.iterate_blocks():
            yield np.stack(list(pool.map(decode, part)))


def _read_picture_header(picture: EncodedPicture) -> tuple[bool, tuple[int, int]]:
    """Whether a picture is grey, and its (width, height) when upright."""
    with _open_picture(picture) as image:
        sideways = _read_orientation(image) >= 5
        width, height = image.size
        return image.mode in GREY_MODES, (height, width) if sideways else (width, height)


def _decode_picture(picture: EncodedPicture, channels: int, frame: Frame) -> np.ndarray:
    """A picture, upright, in its frame: uint8 (c, h, w)."""
    with _open_picture(picture) as image:
        image.load()
        upright = ImageOps.exif_transpose(image) if _read_orientation(image) > 1 else image
        shallow = _scale_to_eight_bits(upright).convert("L" if channels == 1 else "RGB")
        pixels = np.asarray(apply_frame(shallow, frame))
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def apply_frame(image: Image.Image, frame: Frame) -> Image.Image:
    """The centre of the picture, resized."""
    side = frame.crop or (min(image.size) if frame.size else None)
    if side is not None and image.size != (side, side):
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if frame.size is not None and image.width != frame.size:
        image = image.resize((frame.size, frame.size), Image.Resampling[frame.filter.upper()])
    return image


def _read_orientation(image: Image.Image) -> int:
    """The EXIF orientation that cameras write, 1 to 8; 1 is upright, from 5 on width is height."""
    return image.getexif().get(ORIENTATION_TAG, 1) if image.format in ("JPEG", "MPO") else 1


def _scale_to_eight_bits(image: Image.Image) -> Image.Image:
    """Pictures of 16 bits scaled to 8, where Pillow would clip them."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))


@contextmanager
def _open_picture(picture: EncodedPicture) -> Iterator[Image.Image]:
    """The picture, open; what Pillow may say of a bad file becomes one sentence."""
    content = picture.content
    try:
        with Image.open(BytesIO(content) if isinstance(content, bytes) else content) as image:
            yield image
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(
            f"{picture.location} is not an image; a PNG, JPEG or WebP file is expected."
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{picture.location} cannot be decoded ({error}); a whole image file is expected."
        ) from error
