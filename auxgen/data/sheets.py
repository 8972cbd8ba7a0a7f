"""Tables that describe the pictures of a folder: metadata.csv, labels.csv, or the same as .tsv."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from ..errors import InputError
from .cells import MISSING_WORDS, RawTable, parse_answer
from .table_files import read_table_file
from .walking import format_path

SHEET_FILES = ("metadata.csv", "labels.csv", "metadata.tsv", "labels.tsv")
FILE_COLUMNS = (
    *("file_name", "filename", "file", "image", "path"),
    *("file_path", "filepath", "image_name", "image_path", "image_file", "img", "picture"),
)
"""Names of the column of the files, in lower case; the first that is there is taken."""
LABEL_COLUMNS = ("label", "class", "category")
"""Names of the label's column where a person names none."""


@dataclass(frozen=True)
class PictureSheets:
    """All sheets of a folder together.

    Attributes:
        files: The sheets.
        columns: Their columns but those of the files.
        rows: The cells of each picture that is named, by column.
        notes: What was guessed.
    """

    files: tuple[Path, ...]
    columns: tuple[str, ...]
    rows: Mapping[Path, Mapping[str, str]]
    notes: tuple[str, ...]


class _KnownFiles:
    """The pictures of a folder, found by a path however it is written."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.by_path = {_normalise(file): file for file in files}

    def find(self, cell: str, places: Sequence[Path]) -> Path | None:
        """The picture that a cell names below one of the places; None if there is none."""
        spellings = dict.fromkeys((cell, cell.replace("\\", "/")))
        paths = (_normalise(place / text) for place in places for text in spellings)
        return next((self.by_path[path] for path in paths if path in self.by_path), None)

    def find_alike(self, cell: str) -> Path | None:
        """A picture whose name is the cell's but for folders, capitals or the ending."""
        name = PurePath(cell.replace("\\", "/")).name.lower()
        stems = name, PurePath(name).stem
        return next((f for f in self.by_path.values() if f.stem.lower() in stems), None)


def _normalise(path: Path) -> str:
    """One spelling of a path: absolute, without "..", letters with accents as one character."""
    return unicodedata.normalize("NFC", os.path.abspath(path))


def find_sheet(folder: Path) -> Path | None:
    """The sheet in a folder; None where there is none.

    Raises:
        InputError: There are two.
    """
    found = [p for p in sorted(folder.iterdir()) if p.name.lower() in SHEET_FILES and p.is_file()]
    if len(found) > 1:
        names = " and ".join(p.name for p in found)
        raise InputError(
            f"{format_path(folder)} has {names}, which describe the same pictures; one is expected."
        )
    return found[0] if found else None


def read_picture_sheets(
    folder: Path, places: Iterable[Path], pictures: Iterable[Path]
) -> PictureSheets:
    """The sheets in the folder and in those of its splits.

    Args:
        folder: The folder of all.
        places: Folders that may have a sheet.
        pictures: The pictures of all splits.

    Raises:
        InputError: A sheet cannot be read, has no column of files, names a file that is not there,
            or one twice.
    """
    sheets = [sheet for place in dict.fromkeys(places) if (sheet := find_sheet(place))]
    known = _KnownFiles(pictures) if sheets else _KnownFiles(())
    rows: dict[Path, Mapping[str, str]] = {}
    columns: dict[str, None] = {}
    notes: list[str] = []
    for sheet in sheets:
        table = read_table_file(sheet, expected=FILE_COLUMNS)
        repeated = next((n for n in table.names if table.names.count(n) > 1), None)
        if repeated is not None:
            raise InputError(f"{format_path(sheet)} has two columns {repeated!r}; one is expected.")
        own, guesses = _match_rows(sheet, table, known, [sheet.parent, folder])
        double = next((path for path in own if path in rows), None)
        if double is not None:
            name = format_path(double.relative_to(folder))
            raise InputError(f"Two sheets of {format_path(folder)} name {name!r}; one is expected.")
        rows |= own
        columns |= dict.fromkeys(c for row in own.values() for c in row)
        notes += [*table.notes, *guesses]
    return PictureSheets(tuple(sheets), tuple(columns), rows, tuple(notes))


def _match_rows(
    sheet: Path, table: RawTable, known: _KnownFiles, places: Sequence[Path]
) -> tuple[dict[Path, Mapping[str, str]], list[str]]:
    """The rows of a sheet by their pictures, and what was guessed."""
    column, notes = _find_file_column(sheet, table, known, places)
    cells = {name: [str(cell) for cell in table[name]] for name in table.names}
    rows: dict[Path, Mapping[str, str]] = {}
    lines: dict[Path, int] = {}
    missing: list[str] = []
    for i, name in enumerate(cells.pop(column)):
        own = {key: values[i] for key, values in cells.items()}
        if not name and not any(own.values()):  # a line of separators alone
            continue
        path = known.find(name, places) if name else None
        if path is None:
            missing.append(name)
        elif path in rows:
            raise InputError(
                f"{format_path(sheet)} names {name!r} twice, in rows {lines[path] + 1} and {i + 1} "
                "below the header; each picture once is expected."
            )
        else:
            rows[path], lines[path] = own, i
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        alike = known.find_alike(missing[0])
        such = f", such as {format_path(os.path.relpath(alike, sheet.parent))!r}" if alike else ""
        raise InputError(
            f"{format_path(sheet)} names {missing[0]!r}{more}, where no image is; images below its "
            f"folder are expected{such}."
        )
    return rows, notes


def _find_file_column(
    sheet: Path, table: RawTable, known: _KnownFiles, places: Sequence[Path]
) -> tuple[str, list[str]]:
    """The column of the files: by its name, else the first all of whose cells name pictures."""
    lowered = {name.lower().replace(" ", "_"): name for name in reversed(table.names)}
    named = [lowered[word] for word in FILE_COLUMNS if word in lowered]

    def names_pictures(column: str) -> bool:
        cells = [str(cell) for cell in table[column] if str(cell)]
        return bool(cells) and all(known.find(cell, places) for cell in cells)

    column = next(filter(names_pictures, (*named, *table.names)), None)
    if column is None and not named:
        raise InputError(
            f"{format_path(sheet)} has the columns {', '.join(table.names)}; a column file_name "
            "is expected."
        )
    if column is None or column in named:
        return column or named[0], []
    return column, [f"{sheet.name}: column {column!r} is taken for the names of the pictures."]


def parse_flags(cells: Sequence[str]) -> list[float] | None:
    """A column of 0 and 1, or of words such as yes and no, as numbers; None if it is another.

    Blank cells and words for "unknown" are NaN; a column of these alone is another.
    """
    answers = {cell: parse_answer(cell) for cell in set(cells)}
    known = [answer for answer in answers.values() if answer is not None]
    others = {cell.lower() for cell, answer in answers.items() if cell and answer is None}
    if not known or others - MISSING_WORDS:
        return None
    return [float("nan") if (a := answers[cell]) is None else float(a) for cell in cells]
