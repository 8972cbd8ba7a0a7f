"""Street View House Numbers (Netzer et al. 2011): cropped digits in MATLAB files.

train_32x32.mat, test_32x32.mat and extra_32x32.mat each hold X (32, 32, 3, n) uint8, rows and
columns of pixels first, and y (n, 1), 1 to 10, where 10 is the digit 0.
http://ufldl.stanford.edu/housenumbers
"""

import warnings
from pathlib import Path

import numpy as np

from ...errors import InputError, take_first_line
from ..cache import UndecodedDataset
from ..decoding import split_into_blocks
from ..frame import Frame
from . import formats
from .formats import OfficialFormat, PixelBlocks, SplitFiles

DIGIT_CLASSES = tuple("0123456789")
PICTURE_SHAPE = (32, 32, 3)


def _prepare_svhn(parts: SplitFiles, title: str, frame: Frame) -> UndecodedDataset:
    """A split before it is decoded; its pixels are in memory once, until they are written.

    Raises:
        InputError: The file is cut short, or is another.
    """
    file = parts["X and y"]
    x, y = load_matlab_variables(file)
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[:3] != PICTURE_SHAPE:
        raise InputError(f"{file} has X {x.dtype} {x.shape}; uint8 (32, 32, 3, n) is expected.")
    y = y.reshape(-1).astype(np.int64)
    n = x.shape[-1]
    formats.check_equal_counts(n, len(y), (file, file))
    formats.check_label_range(y, 1, 10, file)

    blocks = (x[..., rows].transpose(3, 2, 0, 1) for rows in split_into_blocks(n))
    pixels = PixelBlocks(str(file), (n, 3, 32, 32), blocks)
    return formats.prepare_pixel_dataset(pixels, y % 10, DIGIT_CLASSES, title, frame)


def load_matlab_variables(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """X and y of a MATLAB file.

    Raises:
        InputError: They cannot be read, or are not there.
    """
    from scipy.io import loadmat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of a variable that is damaged, scipy only warns
            held = loadmat(str(file), variable_names=["X", "y"])
    except Exception as error:  # scipy's, zlib's and the file system's are of many kinds
        reason = take_first_line(error)
        raise InputError(
            f"{file} cannot be read ({reason}); the whole MATLAB file is expected."
        ) from error
    missing = [name for name in ("X", "y") if name not in held]
    if missing:
        raise InputError(f"{file} has no variable {missing[0]}; X and y are expected.")
    return held["X"], held["y"]


SVHN = OfficialFormat(
    files={split: {"X and y": f"{split}_32x32.mat"} for split in ("train", "test", "extra")},
    prepare=_prepare_svhn,
)
