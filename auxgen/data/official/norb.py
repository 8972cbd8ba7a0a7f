"""Small NORB (LeCun, Huang and Bottou 2004): toys before two cameras, in binary matrices.

A matrix is its magic number (which tells the type of its entries), its number of dimensions, three
or more sizes (1 where it has fewer), all int32, then its entries, the last index fastest; all of it
little-endian, and perhaps gzipped. -dat holds pairs (n, 2, 96, 96) of bytes, -cat a class (n,) of
int32, -info instance, elevation, azimuth and lighting (n, 4) of int32.
https://cs.nyu.edu/~ylclab/data/norb-v1.0-small
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np

from ...errors import InputError
from ..cache import Draft
from ..decoding import TOGETHER, Frame
from .decoded import Pixels, between
from .decoded import draft as drafted
from .layout import Official, Parts

BYTES, INTEGERS = 0x1E3D4C55, 0x1E3D4C54
"""Magic numbers."""
PAIR = (2, 96, 96)
CLASSES = ("animal", "human", "airplane", "truck", "car")
FACTORS: Mapping[str, Mapping[int, int]] = MappingProxyType(
    {
        "instance": {i: i for i in range(10)},
        "elevation": {i: 30 + 5 * i for i in range(9)},
        "azimuth": {i: 10 * i for i in range(0, 36, 2)},
        "lighting": {i: i for i in range(6)},
    }
)
"""The columns of -info: an entry, and what it means; elevation and azimuth in degrees."""


def pairs(parts: Parts, title: str, frame: Frame) -> Draft:
    """A split before it is decoded: a row for each pair, a channel for each camera.

    Attributes are one for each value of each factor, such as "elevation=30".

    Raises:
        InputError: A file is cut short, is another, or does not go with the others.
    """
    pixels, y, info = matrices(parts)
    flags = factors(info, parts["info"])
    return drafted(pixels, y, CLASSES, title=title, frame=frame, attributes=flags)


def singles(parts: Parts, title: str, frame: Frame) -> Draft:
    """A split before it is decoded: a row of one channel for each camera, pair after pair.

    Attributes are as of pairs, and "camera=0" and "camera=1".

    Raises:
        InputError: As `pairs`.
    """
    stereo, y, info = matrices(parts)
    n, _, h, w = stereo.shape
    apart = (block.reshape(-1, 1, h, w) for block in stereo.blocks)
    pixels = Pixels(stereo.where, (2 * n, 1, h, w), apart)
    flags = {k: v.repeat(2) for k, v in factors(info, parts["info"]).items()}
    flags |= {f"camera={i}": np.arange(2 * n) % 2 == i for i in range(2)}
    return drafted(pixels, y.repeat(2), CLASSES, title=title, frame=frame, attributes=flags)


def matrices(parts: Parts) -> tuple[Pixels, np.ndarray, np.ndarray]:
    """The pairs (n, 2, 96, 96), their classes (n,) and their info (n, 4).

    Raises:
        InputError: As `pairs`.
    """
    dat, cat = parts["dat"], parts["cat"]
    with opened(dat) as file:
        shape = header(file, dat, BYTES)
    if len(shape) != 4 or shape[1:] != PAIR:
        raise InputError(f"{dat} holds a matrix {shape}; pairs (n, 2, 96, 96) are wanted.")
    n = shape[0]
    y = integers(cat, (n,))
    between(y, 0, len(CLASSES) - 1, cat)
    info = integers(parts["info"], (n, len(FACTORS)))
    return Pixels(str(dat), (n, *PAIR), blocks(dat)), y, info


def factors(info: np.ndarray, path: Path) -> dict[str, np.ndarray]:
    """A flag (n,) for each value of each factor, by a name such as "azimuth=340".

    Raises:
        InputError: An entry is not one that the factor has.
    """
    flags = {}
    for column, (factor, meant) in zip(info.T, FACTORS.items(), strict=True):
        strange = column[~np.isin(column, list(meant))]
        if len(strange):
            raise InputError(
                f"{path} has {factor} {strange[0]}; one of {', '.join(map(str, meant))} is wanted."
            )
        flags |= {f"{factor}={value}": column == entry for entry, value in meant.items()}
    return flags


def blocks(path: Path) -> Iterator[np.ndarray]:
    """A few pairs at a time: uint8 (m, 2, 96, 96)."""
    with opened(path) as file:
        n = header(file, path, BYTES)[0]
        for start in range(0, n, TOGETHER):
            shape = (min(TOGETHER, n - start), *PAIR)
            yield np.frombuffer(taken(file, prod(shape), path), np.uint8).reshape(shape)


def integers(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A matrix of int32.

    Raises:
        InputError: The file is cut short, is another, or its matrix has another shape.
    """
    with opened(path) as file:
        found = header(file, path, INTEGERS)
        if found != shape:
            raise InputError(
                f"{path} holds a matrix {found}; {shape} is wanted, an entry for each of the "
                f"{shape[0]} pairs."
            )
        return np.frombuffer(taken(file, 4 * prod(shape), path), "<i4").reshape(shape)


def opened(path: Path) -> BinaryIO:
    """A file, unzipped where it is gzipped."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def header(file: BinaryIO, path: Path, magic: int) -> tuple[int, ...]:
    """The shape of a matrix whose entries have the type of this magic number.

    Raises:
        InputError: They have not, or the header is none.
    """
    found, count = (int(v) for v in np.frombuffer(taken(file, 8, path), "<u4"))
    if found != magic:
        raise InputError(
            f"{path} begins with the magic number 0x{found:08X}; 0x{magic:08X} is wanted, a small "
            f"NORB matrix of {'bytes' if magic == BYTES else 'int32'}."
        )
    if not 1 <= count <= 4:
        raise InputError(f"{path} holds a matrix of {count} dimensions; 1 to 4 are wanted.")
    sizes = np.frombuffer(taken(file, 4 * max(3, count), path), "<u4")
    return tuple(int(s) for s in sizes[:count])


def taken(file: BinaryIO, count: int, path: Path) -> bytes:
    """The next bytes of a file.

    Raises:
        InputError: There are fewer, or they cannot be unzipped.
    """
    try:
        content = file.read(count)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} cannot be unzipped ({str(error).rstrip('.')}); the whole file is wanted."
        ) from error
    if len(content) < count:
        raise InputError(
            f"{path} is truncated: {len(content)} bytes are left where {count} are wanted."
        )
    return content


def named(split: str, instances: str) -> dict[str, str]:
    """The official names of a split's files."""
    stem = f"smallnorb-5x{instances}x9x18x6x2x96x96-{split}"
    return {part: f"{stem}-{part}.mat" for part in ("dat", "cat", "info")}


FILES = MappingProxyType({"train": named("training", "46789"), "test": named("testing", "01235")})
PAIRS = Official(files=FILES, draft=pairs, endings=("", ".gz"))
SINGLES = Official(files=FILES, draft=singles, endings=("", ".gz"))
