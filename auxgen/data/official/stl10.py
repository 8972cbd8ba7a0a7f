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
from ..cache import UndecodedDataset
from ..decoding import PICTURES_PER_BLOCK, Frame
from .decoded import PixelBlocks, check_equal_counts, check_label_range
from .decoded import prepare_pixel_dataset as drafted
from .layout import OfficialFormat, SplitFiles

PICTURE_SIDE = 96
PICTURE_BYTES = 3 * PICTURE_SIDE * PICTURE_SIDE
CLASS_NAMES_FILE = {"classes": "class_names.txt"}


def prepare_stl10(parts: SplitFiles, title: str, frame: Frame) -> UndecodedDataset:
    """A split before it is decoded; without a file of labels all are blank.

    Raises:
        InputError: A file is cut short, or does not go with the others.
    """
    file = parts["X"]
    classes = tuple(parts["classes"].read_text(encoding="utf-8").split())
    if len(classes) != 10:
        raise InputError(f"{parts['classes']} names {len(classes)} classes; 10 are wanted.")
    n = _count_pictures(file)
    y = np.full(n, -1)
    if "y" in parts:
        labels = np.fromfile(parts["y"], np.uint8)
        check_equal_counts(n, len(labels), (file, parts["y"]))
        check_label_range(labels, 1, 10, parts["y"])
        y = labels.astype(np.int64) - 1
    pixels = PixelBlocks(
        str(file), (n, 3, PICTURE_SIDE, PICTURE_SIDE), _read_picture_blocks(file, n)
    )
    return drafted(pixels, y, classes, title=title, frame=frame)


def _count_pictures(file: Path) -> int:
    """How many pictures a file holds.

    Raises:
        InputError: Not a whole number.
    """
    size = file.stat().st_size
    if size % PICTURE_BYTES:
        raise InputError(
            f"{file} has {size} bytes, which is truncated: whole pictures of {PICTURE_BYTES} are wanted."
        )
    return size // PICTURE_BYTES


def _read_picture_blocks(file: Path, n: int) -> Iterator[np.ndarray]:
    """A few pictures at a time, rows of pixels before columns: uint8 (m, 3, 96, 96)."""
    for start in range(0, n, PICTURES_PER_BLOCK):
        count = min(PICTURES_PER_BLOCK, n - start)
        flat = np.fromfile(file, np.uint8, count * PICTURE_BYTES, offset=start * PICTURE_BYTES)
        yield flat.reshape(count, 3, PICTURE_SIDE, PICTURE_SIDE).swapaxes(2, 3)


STL10 = OfficialFormat(
    files=MappingProxyType(
        {
            "train": {"X": "train_X.bin", "y": "train_y.bin", **CLASS_NAMES_FILE},
            "test": {"X": "test_X.bin", "y": "test_y.bin", **CLASS_NAMES_FILE},
            "unlabeled": {"X": "unlabeled_X.bin", **CLASS_NAMES_FILE},
        }
    ),
    prepare=prepare_stl10,
)
