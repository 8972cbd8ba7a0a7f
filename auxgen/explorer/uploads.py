"""A picture that somebody sends to the page: not too large, and framed as in training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL.Image import Image
from torch import Tensor

from ..data.dataset import Preprocessor
from ..data.decoding import EncodedPicture, load_upright, open_picture
from ..data.photographs import Box, add_to_image
from ..data.picture_inputs import UNKNOWN_FRAME, read_pictures
from ..errors import InputError

MAX_MEGABYTES = 20
MAX_PIXELS = 50_000_000
"""Of an uploaded picture; Pillow itself warns of what could be a bomb from 89 million on."""
VIEW_SIDE = 480
"""Pixels of the longer side of a photograph as the page shows it, at most."""


@dataclass(frozen=True, eq=False)
class PhotographView:
    """A whole photograph as large as the page shows it, and where in it the row lies."""

    image: Image
    box: Box

    def add(self, difference: Tensor) -> Image:
        """The photograph with what was added to the row (c, h, w)."""
        return add_to_image(self.image, difference, self.box).image


@dataclass(frozen=True, eq=False)
class ChosenPicture:
    """A picture that a person chose, as a raw row (1, c, h, w).

    Attributes:
        x: The row.
        name: What it is called.
        label: Its class or attributes, where they are known.
        notes: Sentences about how it was read.
        view: The photograph that it is a part of; None where it is no photograph.
    """

    x: Tensor
    name: str
    label: str = ""
    notes: tuple[str, ...] = ()
    view: PhotographView | None = None

    @property
    def shown(self) -> Tensor | Image:
        """The whole photograph, or the row."""
        return self.x[0] if self.view is None else self.view.image


def read_upload(file: Path, space: Preprocessor) -> ChosenPicture:
    """The picture in a file that was sent, as a row of the space.

    Pictures for whose size training had no rule are fitted, which is told.

    Raises:
        InputError: It is no whole picture, or has too many pixels, or the model sees no pictures.
    """
    name, frame = file.name, space.frame or UNKNOWN_FRAME
    with open_picture(EncodedPicture(name, file)) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise InputError(
                f"{name} has {width:,} x {height:,} pixels; {MAX_PIXELS // 10**6} million in all "
                "are the most: make it smaller first."
            )
        upright = load_upright(image, 3, frame, name).convert("RGB")
    x, photographs, notes = read_pictures([file], [name], space, resize=True)
    across, down = upright.size
    upright.thumbnail((VIEW_SIDE, VIEW_SIDE))
    left, top, right, bottom = photographs[0].box
    scale, rise = upright.width / across, upright.height / down
    box = (left * scale, top * rise, right * scale, bottom * rise)
    return ChosenPicture(x, name, notes=tuple(notes), view=PhotographView(upright, box))
