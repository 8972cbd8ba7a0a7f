"""Numbers of .npy and .csv files, or in memory, as raw rows that fit a model's space."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .columns import is_frame
from .dataset import Preprocessor

if TYPE_CHECKING:
    from pandas import DataFrame

Rows: TypeAlias = "Tensor | np.ndarray | DataFrame"
"""Raw rows of shape (n, *shape), images as pixels in [0, 1] or as uint8, points and table rows in
their own units. Flattened rows, one row alone, and images with channels last are understood as
well; rows of a table as a DataFrame too."""


def read_array(path: Path, space: Preprocessor) -> Tensor:
    """A .npy array as rows (n, *shape): rows, flattened rows, or channels last."""
    name = path.name
    return _convert_array(load_npy(path), space, name)


def load_npy(path: Path) -> np.ndarray:
    """The array in a .npy file, of one dimension or more.

    Raises:
        InputError: It is another kind of file, or shorter than its header says.
    """
    try:  # mapped, a file that claims more rows than it has needs no memory to be refused
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, OverflowError, MemoryError) as error:
        raise InputError(
            f"{path.name!r} cannot be read; expected a whole .npy array of numbers."
        ) from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise InputError(f"{path.name!r} holds several arrays; expected one .npy array of rows.")
    if array.ndim == 0:
        raise InputError(f"{path.name!r} holds one number; expected a .npy array of rows.")
    return np.array(array)


def convert_rows(rows: Rows, space: Preprocessor, *, tolerance: float = 0.0) -> Tensor:
    """Rows as raw rows of a model: -> (n, *shape), pixels in [0, 1] as float32.

    Args:
        rows: Rows, flattened rows, one row, or images with channels last; uint8 pixels are divided
            by 255. The columns of a DataFrame are found by their names.
        space: How the model sees raw rows.
        tolerance: How far outside [0, 1] pixels may lie, as those of a model's samples do.

    Raises:
        InputError: The rows have another shape, or values that the model cannot take.
    """
    if space.table is not None and is_frame(rows):
        rows = space.table.encode(rows)
    if isinstance(rows, Tensor):
        rows = (rows.float() if rows.dtype == torch.bfloat16 else rows).detach().cpu().numpy()
    return _convert_array(np.asarray(rows), space, tolerance=tolerance)


def _convert_array(
    array: np.ndarray, space: Preprocessor, name: str = "rows", *, tolerance: float = 0.0
) -> Tensor:
    """As `convert_rows`, of an array that messages call `name`.

    Points and rows of a table that are shifted and scaled are float64.
    """
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name!r} holds {array.dtype}; expected numbers.")
    is_bytes = array.dtype == np.uint8 and space.kind == "images"
    kind = np.float64 if space.kind != "images" and space.scale else np.float32
    x = torch.from_numpy(array.astype(kind) / (255 if is_bytes else 1))
    x = _reshape_rows(x, space, name)
    _check_values(x, space, name, tolerance)
    return x


def _reshape_rows(x: Tensor, space: Preprocessor, name: str) -> Tensor:
    """Rows in any of the usual layouts -> (n, *shape)."""
    shape = space.shape
    if x.shape[1:] == shape or x.shape[1:] == (prod(shape),):
        return x.reshape(-1, *shape)
    if x.shape == shape or x.shape == (prod(shape),):
        return x.reshape(1, *shape)
    if len(shape) == 3:
        c, h, w = shape
        if c == 1 and x.shape[-2:] == (h, w) and x.ndim in (2, 3):
            return x.reshape(-1, *shape)
        if x.shape[-3:] == (h, w, c) and x.ndim in (3, 4):
            return x.reshape(-1, h, w, c).permute(0, 3, 1, 2)
    raise InputError(
        f"{name!r} holds {tuple(x.shape)}, but the model takes {space.describe_row_shape()}."
    )


def read_csv_rows(path: Path, space: Preprocessor) -> Tensor:
    """A .csv file as points or pixels, with or without a header."""
    name = path.name
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name!r} cannot be read; expected a CSV file in UTF-8.") from error
    header = lines[0] if lines and not all(map(_is_numeric, lines[0])) else None
    body = lines[1:] if header else lines
    first = 2 if header else 1
    rows = [_parse_cells(line, space, f"{name}, line {i}") for i, line in enumerate(body, first)]
    x = torch.tensor(rows, dtype=torch.float64).reshape(-1, *space.shape)
    x = x if space.kind != "images" and space.scale else x.float()
    if space.kind == "images" and x.numel() and x.max() > 1:
        x = x / 255
    _check_values(x, space, name)
    return x


def _parse_cells(cells: Sequence[str], space: Preprocessor, where: str) -> list[float]:
    if len(cells) != prod(space.shape):
        raise InputError(
            f"{where} has {len(cells)} values, but the model takes {space.describe_row_shape()}."
        )
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        odd = next(cell for cell in cells if not _is_numeric(cell))
        raise InputError(f"{where} has {odd!r}; expected numbers.") from None


def _check_values(x: Tensor, space: Preprocessor, name: str, tolerance: float = 0.0) -> None:
    """Raises unless a model can take the values of rows: finite, and pixels in [0, 1]."""
    if not (x.isfinite() | (x.isnan() if space.table else False)).all():
        raise InputError(f"{name!r} has values that are not finite; expected numbers.")
    low, high = (x.min().item(), x.max().item()) if x.numel() else (0.0, 0.0)
    if space.kind == "images" and (low < -tolerance or high > 1 + tolerance):
        raise InputError(
            f"{name!r} has pixels from {low:.4g} to {high:.4g}; expected 0 to 1, or bytes."
        )


def _is_numeric(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
