"""STL-10 (Coates, Ng and Lee 2011): tightly packed uint8.

train_X.bin, test_X.bin and unlabeled_X.bin hold pictures of 3 x 96 x 96 bytes, one channel at a
time, each column by column; train_y.bin and test_y.bin a byte for each picture, 1 to 10;
class_names.txt a name a line. https://cs.stanford.edu/~acoates/stl10
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ...errors import InputError
from ..cache import Draft
from ..decoding import TOGETHER, Frame
from .decoded import Pixels, as_many, between
from .decoded import draft as drafted
from .layout import Official, Parts

SIDE = 96
BYTES = 3 * SIDE * SIDE
NAMES = {"classes": "class_names.txt"}


def draft(parts: Parts, title: str, frame: Frame) -> Draft:
    """A split before it is decoded; without a file of labels all are blank.

    Raises:
        InputError: A file is cut short, or does not go with the others.
    """
    file = parts["X"]
    classes = tuple(parts["classes"].read_text(encoding="utf-8").split())
    if len(classes) != 10:
        raise InputError(f"{parts['classes']} names {len(classes)} classes; 10 are wanted.")
    n = pictures(file)
    y = np.full(n, -1)
    if "y" in parts:
        labels = np.fromfile(parts["y"], np.uint8)
        as_many(n, len(labels), (file, parts["y"]))
        between(labels, 1, 10, parts["y"])
        y = labels.astype(np.int64) - 1
    pixels = Pixels(str(file), (n, 3, SIDE, SIDE), blocks(file, n))
    return drafted(pixels, y, classes, title=title, frame=frame)


def pictures(file: Path) -> int:
    """How many pictures a file holds.

    Raises:
        InputError: Not a whole number.
    """
    size = file.stat().st_size
    if size % BYTES:
        raise InputError(
            f"{file} has {size} bytes, which is truncated: whole pictures of {BYTES} are wanted."
        )
    return size // BYTES


def blocks(file: Path, n: int) -> Iterator[np.ndarray]:
    """A few pictures at a time, rows of pixels before columns: uint8 (m, 3, 96, 96)."""
    for start in range(0, n, TOGETHER):
        count = min(TOGETHER, n - start)
        flat = np.fromfile(file, np.uint8, count * BYTES, offset=start * BYTES)
        yield flat.reshape(count, 3, SIDE, SIDE).swapaxes(2, 3)


STL10 = Official(
    files=MappingProxyType(
        {
            "train": {"X": "train_X.bin", "y": "train_y.bin", **NAMES},
            "test": {"X": "test_X.bin", "y": "test_y.bin", **NAMES},
            "unlabeled": {"X": "unlabeled_X.bin", **NAMES},
        }
    ),
    draft=draft,
)
