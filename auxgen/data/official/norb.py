"""Small NORB (LeCun, Huang and Bottou 2004): toys before two cameras, in binary matrices.

A matrix is its magic number (which tells the type of its entries), its number of dimensions, three
or more sizes (1 where it has fewer), all int32, then its entries, the last index fastest; all of it
little-endian, and perhaps gzipped. -dat holds pairs (n, 2, 96, 96) of bytes, -cat a class (n,) of
int32, -info instance, elevation, azimuth and lighting (n, 4) of int32.
https://cs.nyu.edu/~ylclab/data/norb-v1.0-small
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import InputError
from ..cache import UndecodedDataset
from ..decoding import split_into_blocks
from ..frame import Frame
from . import formats
from .formats import OfficialFormat, PixelBlocks, SplitFiles

BYTE_MAGIC, INTEGER_MAGIC = 0x1E3D4C55, 0x1E3D4C54
"""Magic numbers."""
PAIR_SHAPE = (2, 96, 96)
TOY_CLASSES = ("animal", "human", "airplane", "truck", "car")
FACTORS: Mapping[str, Mapping[int, int]] = {
    "instance": {i: i for i in range(10)},
    "elevation": {i: 30 + 5 * i for i in range(9)},
    "azimuth": {i: 10 * i for i in range(0, 36, 2)},
    "lighting": {i: i for i in range(6)},
}
"""The columns of -info: an entry, and what it means; elevation and azimuth in degrees."""


def _prepare_norb_pairs(parts: SplitFiles, title: str, frame: Frame) -> UndecodedDataset:
    """A split before it is decoded: a row for each pair, a channel for each camera.

    Attributes are one for each value of each factor, such as "elevation=30".

    Raises:
        InputError: A file is cut short, is another, or does not go with the others.
    """
    pixels, y, flags = _read_matrices(parts)
    return formats.prepare_pixel_dataset(pixels, y, TOY_CLASSES, title, frame, flags)


def _prepare_norb_singles(parts: SplitFiles, title: str, frame: Frame) -> UndecodedDataset:
    """A split before it is decoded: a row of one channel for each camera, pair after pair.

    Attributes are as of pairs, and "camera=0" and "camera=1".

    Raises:
        InputError: As `_prepare_norb_pairs`.
    """
    stereo, y, pair_flags = _read_matrices(parts)
    n, _, h, w = stereo.shape
    apart = (block.reshape(-1, 1, h, w) for block in stereo.blocks)
    pixels = PixelBlocks(stereo.location, (2 * n, 1, h, w), apart)
    flags = {k: v.repeat(2) for k, v in pair_flags.items()}
    flags |= {f"camera={i}": np.arange(2 * n) % 2 == i for i in range(2)}
    return formats.prepare_pixel_dataset(pixels, y.repeat(2), TOY_CLASSES, title, frame, flags)


def _read_matrices(parts: SplitFiles) -> tuple[PixelBlocks, np.ndarray, dict[str, np.ndarray]]:
    """The pairs (n, 2, 96, 96), their classes (n,) and flags (n,) by name."""
    dat, cat = parts["dat"], parts["cat"]
    with _open_matrix_file(dat) as file:
        shape = _read_matrix_shape(file, dat, BYTE_MAGIC)
    if len(shape) != 4 or shape[1:] != PAIR_SHAPE:
        raise InputError(f"{dat} holds a matrix {shape}; pairs (n, 2, 96, 96) are expected.")
    n = shape[0]
    y = _read_integer_matrix(cat, (n,))
    formats.check_label_range(y, 0, len(TOY_CLASSES) - 1, cat)
    info = _read_integer_matrix(parts["info"], (n, len(FACTORS)))
    pixels = PixelBlocks(str(dat), (n, *PAIR_SHAPE), _read_pair_blocks(dat))
    return pixels, y, _make_factor_flags(info, parts["info"])


def _make_factor_flags(info: np.ndarray, path: Path) -> dict[str, np.ndarray]:
    """A flag (n,) for each value of each factor, by a name such as "azimuth=340"."""
    flags = {}
    for column, (factor, meant) in zip(info.T, FACTORS.items(), strict=True):
        strange = column[~np.isin(column, list(meant))]
        if len(strange):
            known = ", ".join(map(str, meant))
            raise InputError(f"{path} has {factor} {strange[0]}; one of {known} is expected.")
        flags |= {f"{factor}={value}": column == entry for entry, value in meant.items()}
    return flags


def _read_pair_blocks(path: Path) -> Iterator[np.ndarray]:
    """A few pairs at a time: uint8 (m, 2, 96, 96)."""
    with _open_matrix_file(path) as file:
        n = _read_matrix_shape(file, path, BYTE_MAGIC)[0]
        for rows in split_into_blocks(n):
            shape = (rows.stop - rows.start, *PAIR_SHAPE)
            yield np.frombuffer(_read_bytes(file, prod(shape), path), np.uint8).reshape(shape)


def _read_integer_matrix(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A matrix of int32, which must have this shape."""
    with _open_matrix_file(path) as file:
        found = _read_matrix_shape(file, path, INTEGER_MAGIC)
        if found != shape:
            raise InputError(
                f"{path} holds a matrix {found}; {shape} is expected, an entry for each of the "
                f"{shape[0]} pairs."
            )
        return np.frombuffer(_read_bytes(file, 4 * prod(shape), path), "<i4").reshape(shape)


def _open_matrix_file(path: Path) -> BinaryIO:
    """A file, unzipped where it is gzipped."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _read_matrix_shape(file: BinaryIO, path: Path, magic: int) -> tuple[int, ...]:
    """The shape of a matrix whose entries must have the type of this magic number."""
    found, count = (int(v) for v in np.frombuffer(_read_bytes(file, 8, path), "<u4"))
    if found != magic:
        raise InputError(
            f"{path} begins with the magic number 0x{found:08X}; 0x{magic:08X} is expected, a "
            f"small NORB matrix of {'bytes' if magic == BYTE_MAGIC else 'int32'}."
        )
    if not 1 <= count <= 4:
        raise InputError(f"{path} holds a matrix of {count} dimensions; 1 to 4 are expected.")
    sizes = np.frombuffer(_read_bytes(file, 4 * max(3, count), path), "<u4")
    return tuple(int(s) for s in sizes[:count])


def _read_bytes(file: BinaryIO, count: int, path: Path) -> bytes:
    """The next bytes of a file, of which there must be as many."""
    try:
        content = file.read(count)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} cannot be unzipped ({str(error).rstrip('.')}); the whole file is expected."
        ) from error
    if len(content) < count:
        raise InputError(
            f"{path} is truncated: {len(content)} bytes are left where {count} are expected."
        )
    return content


def _make_file_names(split: str, instances: str) -> dict[str, str]:
    """The official names of a split's files."""
    stem = f"smallnorb-5x{instances}x9x18x6x2x96x96-{split}"
    return {part: f"{stem}-{part}.mat" for part in ("dat", "cat", "info")}


NORB_FILES = {
    "train": _make_file_names("training", "46789"),
    "test": _make_file_names("testing", "01235"),
}
NORB_PAIRS = OfficialFormat(files=NORB_FILES, prepare=_prepare_norb_pairs, endings=("", ".gz"))
NORB_SINGLES = OfficialFormat(files=NORB_FILES, prepare=_prepare_norb_singles, endings=("", ".gz"))
