"""How the picture in a file becomes a row of pixels: kept by every model of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import InputError

Filter = Literal["nearest", "box", "bilinear", "lanczos"]
AlphaRule = Literal["white", "drop"]


@dataclass(frozen=True)
class Frame:
    """What becomes of every picture; JSON-able.

    All pictures are turned upright as their EXIF orientation says, get 8 bits a channel, and are
    made grey or coloured as all of them together are.

    Attributes:
        size: Side in pixels of the square that it is resized to; None keeps its size.
        crop: Side in pixels of the square first cut from its centre; None for the largest square
            where `size` is given, else for all of it.
        filter: Filter of the resizing.
        alpha: What becomes of transparency: the picture lies on white, or what is beneath shows.
        integer_white: Value that is white where a pixel is a whole number of more than 8 bits; None
            where no picture has such pixels.
        float_white: Value that is white where a pixel is a fraction; None likewise.
    """

    size: int | None = None
    crop: int | None = None
    filter: Filter = "lanczos"
    alpha: AlphaRule = "white"
    integer_white: int | None = None
    float_white: float | None = None

    def __post_init__(self) -> None:
        for name, side in (("size", self.size), ("crop", self.crop)):
            if side is not None and side < 1:
                raise InputError(f"A {name} of {side} was given; 1 pixel or more is expected.")

    def get_output_side(self) -> int | None:
        return self.size or self.crop
