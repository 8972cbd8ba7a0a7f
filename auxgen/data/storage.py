"""Where many rows are kept: in memory, or on disk where they would take too much of it."""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..context import set_within
from ..errors import InputError, NotSaved
from ..files import describe_os_error, get_cache_folder

GIB = 2**30
PART_BYTES = 16 * 2**20
"""Bytes of rows that are worked on at once, where all of them are too many."""
_MEMORY_FOR_ROWS: ContextVar[float | None] = ContextVar("memory_for_rows", default=None)


@cache
def _measure_memory() -> float:
    """GiB of memory of this machine, or of the group of processes to which it limits this one."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return float("inf")
    for file in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            found = min(found, int(Path("/sys/fs/cgroup", file).read_text()))
        except (OSError, ValueError):  # no such group, or none with a limit
            continue
    return found / GIB


def get_memory_for_rows() -> float:
    """GiB that the rows of one data set may take: half of the memory, unless another is set."""
    chosen = _MEMORY_FOR_ROWS.get()
    return _measure_memory() / 2 if chosen is None else chosen


def limit_memory_for_rows(gib: float | None) -> AbstractContextManager[None]:
    """Keep larger sets of rows on disk within this context; None for half of the memory."""
    return set_within(_MEMORY_FOR_ROWS, gib)


def is_large(x: Tensor) -> bool:
    """Whether rows take more memory than they may."""
    return is_too_large(count_bytes(x))


def count_bytes(x: Tensor) -> int:
    """Bytes of all entries."""
    return x.numel() * x.element_size()


def is_too_large(size: float) -> bool:
    """Whether rows of so many bytes take more memory than they may."""
    return size > get_memory_for_rows() * GIB


def take_rows(x: Tensor, rows: Tensor | slice) -> Tensor:
    """The rows chosen by a slice, by indices (m,) int64 or by a mask (n,) bool; on disk if large.

    Raises:
        NotSaved: They do not fit on the disk.
    """
    if isinstance(rows, slice):
        return x[rows]
    count = int(rows.sum()) if rows.dtype == torch.bool else len(rows)
    row_bytes = count_bytes(x[:1])
    if not is_too_large(count * row_bytes):
        return x[rows]
    places = rows.nonzero().flatten() if rows.dtype == torch.bool else rows
    parts = places.split(max(1, PART_BYTES // row_bytes))
    return _write_rows((x.index_select(0, part) for part in parts), count)


def map_in_parts(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What a function makes of rows, each by itself: part by part, and on disk, where it is large.

    Raises:
        NotSaved: It does not fit on the disk.
    """
    if not is_too_large(8 * max(x.numel(), count_bytes(x))):  # 8 bytes for each byte
        return function(x)
    if not is_too_large(len(x) * count_bytes(function(x[:1]))):
        return torch.cat([function(part) for part in split_rows(x)])
    return _write_rows(map(function, split_rows(x)), len(x))


def split_rows(x: Tensor) -> tuple[Tensor, ...]:
    """Rows part by part, each of a few MiB."""
    return x.split(max(1, PART_BYTES // max(1, count_bytes(x[:1]))))


def read_ahead(rows: np.ndarray) -> None:
    """Ask the system to read the pages of mapped rows (n, ...), and wait for nothing.

    Where pages are read as they are touched, the system reads its own measure around each: up to
    8 MiB for a row, which are lost again before they are wanted where memory is short.
    """
    madvise = _find_madvise()
    if madvise and rows.nbytes:
        start = rows.ctypes.data - rows.ctypes.data % mmap.PAGESIZE
        madvise(start, rows.ctypes.data + rows.nbytes - start, mmap.MADV_WILLNEED)


@cache
def _find_madvise() -> Callable[[int, int, int], int] | None:
    """The system's call, which Python offers for its own maps alone; None where there is none."""
    if not hasattr(mmap, "MADV_WILLNEED"):  # Windows
        return None
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    return madvise


def keep_array(array: np.ndarray, size: float) -> np.ndarray:
    """An array, moved to disk where the set that it is a part of has too many bytes for memory.

    Raises:
        NotSaved: It does not fit on the disk.
    """
    if array.dtype == object or not is_too_large(size):
        return array
    return _write_rows(
        [torch.from_numpy(np.require(array, requirements=["C", "W"]))], len(array)
    ).numpy()


def join_columns(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Columns (n, k) side by side: -> (n, d), on disk where it is large.

    Raises:
        NotSaved: It does not fit on the disk.
    """
    rows, width = len(columns[0]), sum(column.shape[1] for column in columns)
    if not is_too_large(8 * rows * width):
        return np.concatenate(columns, 1)
    step = max(1, PART_BYTES // (8 * width))

    def join(start: int) -> Tensor:
        parts = [column[start : start + step] for column in columns]
        for part in parts:
            read_ahead(part)
        return torch.from_numpy(np.concatenate(parts, 1))

    return _write_rows(map(join, range(0, rows, step)), rows).numpy()


def check_text_size(file: Path) -> None:
    """Check that a table of text, of which all cells are looked at together, fits in memory.

    Raises:
        InputError: It does not.
    """
    size = file.stat().st_size
    if is_too_large(size):
        raise InputError(
            f"{file} has {size / GIB:.3g} GiB of text, and rows may take "
            f"{get_memory_for_rows():.3g} GiB of memory; save it as .parquet, which is read column "
            "by column and kept on disk, or train with a larger --memory-for-rows."
        )


def _write_rows(parts: Iterable[Tensor], count: int) -> Tensor:
    """Rows (count, ...) in a file without a name, mapped: it goes with the last tensor of it."""
    folder, first = get_cache_folder(), None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            for part in parts:
                first = part[:1] if first is None else first
                file.write(part.contiguous().numpy().data)
            file.flush()
            assert first is not None
            shape = (count, *first.shape[1:])
            # pages that nobody changes stay the file's; "r" would make torch warn
            mapped = np.memmap(file, first.numpy().dtype, mode="c", shape=shape)
    except OSError as error:
        raise NotSaved(
            f"Rows that do not fit in memory cannot be written to {folder}: "
            f"{describe_os_error(error)}; set AUXGEN_CACHE to a folder with room."
        ) from error
    return torch.from_numpy(mapped)
