"""A person's files as raw rows that fit a model's space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError, unknown_name
from .array_inputs import read_array, read_csv_rows
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
        files: The files that were read.
    """

    x: Tensor
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    ids: IdColumn | None = None
    photographs: tuple[Photograph | None, ...] = ()
    files: tuple[Path, ...] = ()


class _Part(NamedTuple):
    """The rows of a file or of a folder's pictures, with names below a place."""

    x: Tensor
    names: tuple[str, ...]
    place: Path
    notes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    photographs: tuple[Photograph, ...] = ()
    files: tuple[Path, ...] = ()


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
    names = _make_names_unique([(part.place, name) for part in parts for name in part.names])
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    ids = tuple(id for part in parts for id in part.ids)
    column = id_column or known
    found = IdColumn(column, ids) if column and len(ids) == len(names) else None
    shown = [p for part in parts for p in part.photographs or [None] * len(part.names)]
    photographs = tuple(shown) if any(shown) else ()
    x, files = torch.cat([part.x for part in parts]), tuple(f for p in parts for f in p.files)
    return InputRows(x, names, tuple(notes), found, photographs, files)


def _make_names_unique(sources: Sequence[tuple[Path, str]]) -> tuple[str, ...]:
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
        return [_number_rows(read_array(path, space), path, 0)]
    if ending in TABLE_SUFFIXES and space.kind == "table":
        return [read_table(path)]
    if ending == ".csv":
        return [_number_rows(read_csv_rows(path, space), path, 0)]
    raise InputError(f"{path.name!r} cannot be read; expected {FILE_KINDS}.")


def _read_pictures(
    files: Sequence[Path], place: Path, space: Preprocessor, resize: bool, notes: Sequence[str]
) -> _Part:
    names = tuple(format_path(file.relative_to(place)) for file in files)
    x, photographs, more = read_pictures(files, names, space, resize=resize)
    return _Part(x, names, place, (*notes, *more), (), tuple(photographs), tuple(files))


def _number_rows(x: Tensor, path: Path, first: int) -> _Part:
    names = tuple(f"{path.name}:{i + first}" for i in range(len(x)))
    return _Part(x, names, path.parent, files=(path,))


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
    x, table, notes, _ = read_table_rows(path, schema, form)
    if wanted is not None and wanted not in table.names:
        raise unknown_name(f"{path.name} column", wanted, table.names)
    named = wanted or known
    ids = tuple(list_texts(table[named])) if named in table.names else ()
    part = _number_rows(torch.from_numpy(x), path, 1)
    return part._replace(notes=notes, ids=ids)
