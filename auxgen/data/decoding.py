"""Encoded pictures to uint8 pixels: PNG, JPEG, WebP and whatever else Pillow reads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import InputError
from ..files import describe_os_error
from .depth import is_deep, scale_to_eight_bits
from .frame import Frame

GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
TURNING_FORMATS = frozenset({"TIFF"})
"""Formats whose pictures Pillow turns upright itself, their size in the header included."""
_SIDEWAYS = (5, 6, 7, 8)
"""Orientations of EXIF whose width is height; numbers beyond 8 mean nothing."""
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


def decode_blocks(
    pictures: PictureReader, shape: tuple[int, int, int], frame: Frame
) -> Iterator[np.ndarray]:
    """Pixels in order, a few pictures at a time: uint8 (m, c, h, w).

    Args:
        pictures: Encoded pictures.
        shape: (c, h, w) that each has in the frame.
        frame: What becomes of them.

    Raises:
        InputError: A picture is cut short or damaged.
    """
    decode = partial(_decode_picture, shape=shape, frame=frame)
    with ThreadPoolExecutor() as pool:
        for part in pictures.iterate_blocks():
            yield np.stack(list(pool.map(decode, part)))


def _decode_picture(
    picture: EncodedPicture, shape: tuple[int, int, int], frame: Frame
) -> np.ndarray:
    """A picture, upright, in its frame: uint8 (c, h, w)."""
    with open_picture(picture) as image:
        upright = load_upright(image, shape[0], frame, picture.location)
        pixels = convert_to_pixels(apply_frame(upright, frame))
    if pixels.shape != shape:
        (_, height, width), (_, h, w) = shape, pixels.shape
        raise InputError(
            f"{picture.location} is {w}x{h} pixels where its header says {width}x{height}; a whole "
            "image file is expected."
        )
    return pixels


def load_upright(
    image: Image.Image, channels: int, frame: Frame, location: str = "The picture"
) -> Image.Image:
    """The whole picture, upright, grey (one channel) or coloured, with 8 bits a channel.

    Raises:
        InputError: Its values do not fit what is white in the frame.
    """
    image.load()
    upright = ImageOps.exif_transpose(image)
    if is_deep(upright):
        upright = scale_to_eight_bits(upright, frame, location)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        if frame.alpha == "white":
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    if upright.mode == "LAB":  # which Pillow cannot make grey at once
        upright = upright.convert("RGB")
    mode = "L" if channels == 1 else "RGB"
    return upright if upright.mode == mode else upright.convert(mode)


def find_frame_box(size: tuple[int, int], frame: Frame) -> tuple[int, int, int, int]:
    """Where the frame lies in a picture of (width, height): left, top, right, bottom in pixels."""
    width, height = size
    side = frame.crop or (min(size) if frame.size else None)
    if side is None:
        return 0, 0, width, height
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def apply_frame(image: Image.Image, frame: Frame) -> Image.Image:
    """The centre of the picture, resized."""
    box = find_frame_box(image.size, frame)
    if box != (0, 0, *image.size):
        image = image.crop(box)
    if frame.size is not None and image.width != frame.size:
        image = image.resize((frame.size, frame.size), Image.Resampling[frame.filter.upper()])
    return image


def convert_to_pixels(image: Image.Image) -> np.ndarray:
    """A grey or coloured picture as uint8 (c, h, w)."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def is_sideways(image: Image.Image) -> bool:
    """Whether the width in the header is the height of the upright picture.

    The orientation is that of EXIF. To find it in a PNG file its pixels may have to be read, which
    is spared for squares.
    """
    if image.format in TURNING_FORMATS or image.width == image.height:
        return False
    return image.getexif().get(0x0112, 1) in _SIDEWAYS


@contextmanager
def open_picture(picture: EncodedPicture) -> Iterator[Image.Image]:
    """The picture, open; what Pillow may say of a bad file becomes one sentence."""
    try:
        with _open_content(picture) as file, Image.open(file) as image:
            yield image
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(
            f"{picture.location} is not an image; a PNG, JPEG or WebP file is expected."
        ) from error
    except Exception as error:  # readers of damaged files raise errors of many kinds
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(
            f"{picture.location} cannot be decoded ({reason}); a whole image file is expected."
        ) from error


def _open_content(picture: EncodedPicture) -> BinaryIO:
    """The bytes of a picture, open.

    Pillow gets no path, by which it would map grey TIFF files into memory: these stay as they are
    stored, though their header says that they were turned upright (Pillow 13.0).
    """
    if isinstance(picture.content, bytes):
        return BytesIO(picture.content)
    try:
        return Path(picture.content).open("rb")
    except OSError as error:
        raise InputError(
            f"{picture.location} cannot be opened: {describe_os_error(error)}."
        ) from error
