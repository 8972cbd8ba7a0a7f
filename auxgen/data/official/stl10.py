"""STL-10 (Coates, Ng and Lee 2011): tightly packed uint8.

train_X.bin, test_X.bin and unlabeled_X.bin hold pictures of 3 x 96 x 96 bytes, one channel at a
time, each column by column; train_y.bin and test_y.bin a byte for each picture, 1 to 10;
class_names.txt a name a line. https://cs.stanford.edu/~acoates/stl10
"""

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..cache import UndecodedDataset
from ..decoding import split_into_blocks
from ..frame import Frame
from . import formats
from .formats import OfficialFormat, PixelBlocks, SplitFiles

PICTURE_SHAPE = (3, 96, 96)
PICTURE_BYTES = prod(PICTURE_SHAPE)
CLASS_NAMES_FILE = {"classes": "class_names.txt"}


def _prepare_stl10(parts: SplitFiles, title: str, frame: Frame) -> UndecodedDataset:
    """A split before it is decoded; without a file of labels all are blank.

    Raises:
        InputError: A file is cut short, or does not go with the others.
    """
    file = parts["X"]
    classes = tuple(parts["classes"].read_text(encoding="utf-8").split())
    if len(classes) != 10:
        raise InputError(f"{parts['classes']} names {len(classes)} classes; 10 are expected.")
    size = file.stat().st_size
    n, rest = divmod(size, PICTURE_BYTES)
    if rest:
        raise InputError(
            f"{file} has {size} bytes, which is truncated: whole pictures of {PICTURE_BYTES} are "
            "expected."
        )
    y = np.full(n, -1)
    if "y" in parts:
        labels = np.fromfile(parts["y"], np.uint8)
        formats.check_equal_counts(n, len(labels), (file, parts["y"]))
        formats.check_label_range(labels, 1, 10, parts["y"])
        y = labels.astype(np.int64) - 1
    pixels = PixelBlocks(str(file), (n, *PICTURE_SHAPE), _read_picture_blocks(file, n))
    return formats.prepare_pixel_dataset(pixels, y, classes, title, frame)


def _read_picture_blocks(file: Path, n: int) -> Iterator[np.ndarray]:
    """A few pictures at a time, rows of pixels before columns: uint8 (m, 3, 96, 96)."""
    for rows in split_into_blocks(n):
        size = (rows.stop - rows.start) * PICTURE_BYTES
        flat = np.fromfile(file, np.uint8, size, offset=rows.start * PICTURE_BYTES)
        yield flat.reshape(-1, *PICTURE_SHAPE).swapaxes(2, 3)


STL10 = OfficialFormat(
    files={
        "train": {"X": "train_X.bin", "y": "train_y.bin", **CLASS_NAMES_FILE},
        "test": {"X": "test_X.bin", "y": "test_y.bin", **CLASS_NAMES_FILE},
        "unlabeled": {"X": "unlabeled_X.bin", **CLASS_NAMES_FILE},
    },
    prepare=_prepare_stl10,
)
