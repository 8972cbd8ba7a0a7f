"""What encoded pictures have in common, before any is decoded: channels, size, depth, oddities."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from PIL import Image

from ..errors import InputError
from .decoding import (
    GREY_MODES,
    EncodedPicture,
    PictureReader,
    check_picture_size,
    is_sideways,
    open_picture,
)
from .depth import PixelRange, find_white, get_white, is_deep, merge_ranges, read_pixel_range
from .frame import Frame
from .walking import Tally

ODDITIES = {
    "alpha": "transparent; what is transparent becomes white",
    "pages": "of several pictures each, of which the first is taken",
    "16 bits": "of 16 bits in each of several channels, of which the upper 8 are kept",
    "coloured": "coloured, and turned grey as the model is",
    "framed": "taken as it is, since it has the size that pictures had after training's crop",
    "as RGB": "neither grey nor RGB, and written as RGB",
    "as 16 bits": "of fractions, and written as whole numbers of 16 bits",
    "resized": "not of a size that the model learned from: the largest part from the centre is "
    "resized",
}
"""What a note says of some pictures."""


class PictureFacts(NamedTuple):
    """What is known of a picture before its pixels are kept.

    Attributes:
        grey: Whether it has one channel.
        size: (width, height) when upright, as far as a frame without a side needs it.
        oddities: Keys of `ODDITIES`.
        values: Its values, where its pixels have more than 8 bits.
    """

    grey: bool
    size: tuple[int, int]
    oddities: tuple[str, ...]
    values: PixelRange | None


@dataclass(frozen=True)
class Survey:
    """What all pictures have in common.

    Attributes:
        shape: (c, h, w) of each in the frame; one channel when all are grey, else three.
        frame: The frame, with what is white in pictures of more than 8 bits.
        notes: Sentences about what was guessed.
    """

    shape: tuple[int, int, int]
    frame: Frame
    notes: tuple[str, ...]


@dataclass
class _Findings:
    """What was found so far."""

    colours: int = 1
    first: tuple[str, tuple[int, int]] | None = None
    oddities: dict[str, Tally] = field(default_factory=dict)
    deep: dict[bool, PixelRange] = field(default_factory=dict)
    """By whether they are fractions."""


def survey_pictures(pictures: PictureReader, frame: Frame) -> Survey:
    """What the pictures have in common; reads their headers, and all of those of more than 8 bits.

    Raises:
        InputError: A file is no image, two differ in size and none is given, one is smaller than
            the crop, or it is not clear which value is white.
    """
    found = _Findings()
    with ThreadPoolExecutor() as pool:
        for part in pictures.iterate_blocks():
            facts = pool.map(lambda picture: _read_picture_facts(picture, frame), part)
            for picture, one in zip(part, facts, strict=True):
                found.first = found.first or (picture.location, one.size)
                check_picture_size(picture.location, one.size, found.first, frame)
                _add(found, picture.location, one)
    if found.first is None:
        raise InputError("No picture was found; one or more are expected.")
    width, height = found.first[1]
    side = frame.get_output_side()
    notes = [describe_white(values, frame) for values in found.deep.values()]
    frame = _choose_whites(found.deep, frame)
    notes += [describe_oddity(kind, t.count, t.first) for kind, t in found.oddities.items()]
    return Survey((found.colours, side or height, side or width), frame, tuple(notes))


def _read_picture_facts(picture: EncodedPicture, frame: Frame) -> PictureFacts:
    """What is known of a picture without its pixels, which are read only where they are deep."""
    with open_picture(picture) as image:
        oddities = find_oddities(image)  # of the header, before anything is loaded
        width, height = image.size
        if frame.get_output_side() is None and is_sideways(image):
            width, height = height, width
        values = None
        if is_deep(image):
            image.load()
            values = read_pixel_range(image, picture.location)
        return PictureFacts(image.mode in GREY_MODES, (width, height), oddities, values)


def find_oddities(image: Image.Image) -> tuple[str, ...]:
    """Keys of `ODDITIES`: what a person should know of an open picture."""
    several = image.format != "MPO" and getattr(image, "is_animated", False)  # MPO: previews
    tiles = getattr(image, "tile", ())
    has = {
        "alpha": image.has_transparency_data,
        "pages": several,
        "16 bits": len(image.getbands()) > 1 and any(";16" in str(tile.args) for tile in tiles),
    }
    return tuple(kind for kind, there in has.items() if there)


def describe_oddity(kind: str, count: int, first: str) -> str:
    """A note: how many pictures are odd, and in what way."""
    return f"{_count_pictures(count, first)} {ODDITIES[kind]}."


def _count_pictures(count: int, first: str) -> str:
    """The subject of a note: "a.png is", or "3 pictures (the first: a.png) are"."""
    return f"{first} is" if count == 1 else f"{count} pictures (the first: {first}) are"


def _add(found: _Findings, location: str, one: PictureFacts) -> None:
    found.colours = found.colours if one.grey else 3
    for kind in one.oddities:
        found.oddities.setdefault(kind, Tally()).add(location)
    if one.values is not None:
        kind = one.values.fractions
        found.deep[kind] = merge_ranges(found.deep.get(kind, one.values), one.values)


def _choose_whites(deep: Mapping[bool, PixelRange], frame: Frame) -> Frame:
    """The frame with what is white in pictures of more than 8 bits."""
    whites = {kind: get_white(frame, values) or find_white(values) for kind, values in deep.items()}
    integer = frame.integer_white if False not in whites else int(whites[False])
    return replace(frame, integer_white=integer, float_white=whites.get(True, frame.float_white))


def describe_white(values: PixelRange, frame: Frame) -> str:
    """A note: which value is taken as white."""
    white = get_white(frame, values) or find_white(values)
    kind = "fractions" if values.fractions else "whole numbers of more than 8 bits"
    return (
        f"Pixels that are {kind} go from {values.low:g} to {values.high:g} (in {values.location}); "
        f"{white:g} is taken as white."
    )
