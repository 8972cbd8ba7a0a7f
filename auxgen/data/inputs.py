"""A person's files as raw rows that fit a model's space."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError, unknown_name
from .cells import list_texts
from .dataset import Preprocessor
from .photographs import Photograph
from .picture_inputs import read_pictures
from .table_files import TABLE_KINDS, TABLE_SUFFIXES, TableFormat
from .tables import find_table_files, make_old_schema, read_table_rows
from .walking import IMAGE_FILE_SUFFIXES, LeftOut, find_image_files, format_path

FILE_KINDS = f"images, a folder, .npy or a table ({TABLE_KINDS})"


class IdColumn(NamedTuple):
    """The column of a table that names its rows: its name, and what it holds for each row."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class InputRows:
    """Raw rows (n, *shape), pixels in [0, 1], and the names of their n sources.

    Attributes:
        x: The rows, float32; those of a table float64, NaN where unknown.
        names: A name for each, all different.
        notes: Sentences about what was guessed or left out when they were read.
        ids: The table's own names of the rows; None without them.
        photographs: The file of each row that is a picture of its own, None of others; empty where
            none is.
    """

    x: Tensor
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    ids: IdColumn | None = None
    photographs: tuple[Photograph | None, ...] = ()


class _Part(NamedTuple):
    """The rows of a file or of a folder's pictures, with names below a place."""

    x: Tensor
    names: tuple[str, ...]
    place: Path
    notes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    photographs: tuple[Photograph, ...] = ()


def read_rows(
    paths: Sequence[Path],
    space: Preprocessor,
    *,
    resize: bool = False,
    form: TableFormat | None = None,
    id_column: str | None = None,
) -> InputRows:
    """Image files, folders of images, .npy arrays and tables, as rows of the space.

    Args:
        paths: Files or folders; a folder gives its images, those of its folders too, by name.
        space: How the model sees rows. Images are turned grey or coloured to match its channels.
        resize: Fit images for whose size the frame of training has no rule; otherwise they are
            refused.
        form: How tables of text are written; a good guess when None.
        id_column: Column of a table that names its rows; that of the training table when None.

    Raises:
        InputError: A file that is not there, cannot be read or does not fit.
    """
    known = space.table.id if space.table else None
    read_table = partial(_read_table, space=space, form=form, wanted=id_column, known=known)
    parts = [part for path in paths for part in _read_path(Path(path), space, resize, read_table)]
    if not any(len(part.names) for part in parts):
        got = ", ".join(str(path) for path in paths) or "nothing"
        raise InputError(f"There are no rows in {got}; expected {FILE_KINDS}.")
    names = make_names_unique([(part.place, name) for part in parts for name in part.names])
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    ids = tuple(id for part in parts for id in part.ids)
    column = id_column or known
    found = IdColumn(column, ids) if column and len(ids) == len(names) else None
    shown = [p for part in parts for p in part.photographs or [None] * len(part.names)]
    photographs = tuple(shown) if any(shown) else ()
    return InputRows(torch.cat([part.x for part in parts]), names, tuple(notes), found, photographs)


def make_names_unique(sources: Sequence[tuple[Path, str]]) -> tuple[str, ...]:
    """A name for each (place, name below it): the name, with its place where two are alike.

    A source that is given a second time gets " (2)".
    """
    short = Counter(name for _, name in sources)
    full = [format_path(place / name) if short[name] > 1 else name for place, name in sources]
    seen: Counter[str] = Counter()
    names: list[str] = []
    for name in full:
        seen[name] += 1
        names.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return tuple(names)


def _read_path(
    path: Path, space: Preprocessor, resize: bool, read_table: Callable[[Path], _Part]
) -> list[_Part]:
    if path.is_dir() and space.kind == "table":
        return [read_table(file) for file in find_table_files(path).values()]
    if path.is_dir():
        left_out = LeftOut()
        inside = find_image_files(path, left_out)
        return [_read_pictures(inside, path, space, resize, left_out.make_notes())]
    if not path.is_file():
        raise InputError(f"There is no file {str(path)!r}; expected {FILE_KINDS}.")
    ending = path.suffix.lower()
    if ending in IMAGE_FILE_SUFFIXES:
        return [_read_pictures([path], path.parent, space, resize, [])]
    if ending == ".npy":
        return [_number_rows(_read_array(path, space), path, 0)]
    if ending in TABLE_SUFFIXES and space.kind == "table":
        return [read_table(path)]
    if ending == ".csv":
        return [_number_rows(_read_csv_rows(path, space), path, 0)]
    raise InputError(f"{path.name!r} cannot be read; expected {FILE_KINDS}.")


def _read_pictures(
    files: Sequence[Path], place: Path, space: Preprocessor, resize: bool, notes: Sequence[str]
) -> _Part:
    names = tuple(format_path(file.relative_to(place)) for file in files)
    x, photographs, more = read_pictures(files, names, space, resize=resize)
    return _Part(x, names, place, (*notes, *more), photographs=tuple(photographs))


def _number_rows(x: Tensor, path: Path, first: int) -> _Part:
    return _Part(x, tuple(f"{path.name}:{i + first}" for i in range(len(x))), path.parent)


def _read_table(
    path: Path,
    *,
    space: Preprocessor,
    form: TableFormat | None,
    wanted: str | None,
    known: str | None,
) -> _Part:
    """A table as rows, which are called by their numbers: the first below the header is 1."""
    schema = space.table or make_old_schema(space.columns)
    x, table, notes = read_table_rows(path, schema, form)
    if wanted is not None and wanted not in table.names:
        raise unknown_name(f"{path.name} column", wanted, table.names)
    named = wanted or known
    ids = tuple(list_texts(table[named])) if named in table.names else ()
    part = _number_rows(torch.from_numpy(x), path, 1)
    return part._replace(notes=notes, ids=ids)


def _read_array(path: Path, space: Preprocessor) -> Tensor:
    """A .npy array as rows (n, *shape): rows, flattened rows, or channels last."""
    name = path.name
    return convert_array(load_npy(path), space, name)


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


def convert_array(
    array: np.ndarray, space: Preprocessor, name: str = "rows", *, tolerance: float = 0.0
) -> Tensor:
    """Rows of an array as raw rows of a model: -> (n, *shape), pixels in [0, 1] as float32.

    Points and rows of a table that are shifted and scaled are float64.

    Args:
        array: Rows, flattened rows, one row, or images with channels last; uint8 pixels are divided
            by 255.
        space: How the model sees raw rows.
        name: Name of the array, for messages.
        tolerance: How far outside [0, 1] pixels may lie, as those of a model's samples do.

    Raises:
        InputError: The array has another shape, or values that the model cannot take.
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


def _read_csv_rows(path: Path, space: Preprocessor) -> Tensor:
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
