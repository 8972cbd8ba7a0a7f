"""Tables as files that other programs read: .csv, .tsv, .parquet, .feather and .xlsx."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO
from pathlib import Path

from ..errors import InputError
from ..files import write_file
from .cells import format_number
from .table_files import TABLE_KINDS, TABLE_SUFFIXES

Cell = str | float | None
"""A cell: a text, a number, or None where it is unknown."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that an Excel file cannot hold."""


def check_table_file(file: Path, *others: str) -> None:
    """Raises InputError unless a table can be written to a file of this name, or others can."""
    if file.suffix.lower() not in (*TABLE_SUFFIXES, *others):
        expected = ", ".join((*others, TABLE_KINDS))
        raise InputError(f"--out ends in {file.suffix!r}; expected {expected}.")


def write_table(file: Path, header: Sequence[str], lines: Iterable[Sequence[Cell]]) -> Path:
    """Write lines of texts and numbers in the kind of file that the name ends with.

    In files of text a word that a spreadsheet would run as a formula is escaped; other kinds know
    texts from numbers. Bytes of names of files that are no text are written as \\xff.

    Raises:
        InputError: The name has another ending, or what writes such files is not installed.
        NotSaved: The file cannot be written.
    """
    check_table_file(file)
    suffix = file.suffix.lower()
    names, rows = [_make_text(name) for name in header], [list(map(_make_cell, x)) for x in lines]
    if suffix in (".csv", ".tsv"):
        return write_file(file, _encode_text(names, rows, "\t" if suffix == ".tsv" else ","))
    if suffix == ".xlsx":
        return write_file(file, _encode_sheet(file, names, rows))
    return write_file(file, _encode_arrow(names, rows, suffix))


def escape_formula(text: str) -> str:
    """A text that no spreadsheet runs: with an apostrophe before =, +, -, @, a tab or a return.

    Texts that are numbers stay as they are.
    """
    starts = text.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{text}" if starts and not _NUMBER.fullmatch(text) else text


def _make_text(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _make_cell(cell: Cell) -> Cell:
    return _make_text(cell) if isinstance(cell, str) else None if cell != cell else cell


def _encode_text(names: Sequence[str], rows: Iterable[Sequence[Cell]], separator: str) -> bytes:
    text = StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(map(escape_formula, names))
    writer.writerows(map(_format_cell, row) for row in rows)
    return text.getvalue().encode()


def _format_cell(cell: Cell) -> str:
    """A cell with all digits of a number, and nothing for an unknown one."""
    if isinstance(cell, str):
        return escape_formula(cell)
    return format_number(cell) if isinstance(cell, float) else "" if cell is None else str(cell)


def _encode_arrow(names: Sequence[str], rows: Sequence[Sequence[Cell]], suffix: str) -> bytes:
    import pyarrow
    import pyarrow.feather
    import pyarrow.parquet

    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    table = pyarrow.table([_make_arrow_column(column) for column in columns], names=list(names))
    content = BytesIO()
    write = pyarrow.parquet.write_table if suffix == ".parquet" else pyarrow.feather.write_feather
    write(table, content)
    return content.getvalue()


def _make_arrow_column(cells: Sequence[Cell]) -> object:
    """A column of whole numbers, of numbers, or of texts."""
    import pyarrow

    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int} and all(c is None or abs(c) < 2**63 for c in cells):  # pyright: ignore
        return pyarrow.array(cells, pyarrow.int64())
    if kinds <= {int, float}:
        numbers = [None if c is None else float(c) for c in cells]
        return pyarrow.array(numbers, pyarrow.float64())
    return pyarrow.array([None if c is None else str(c) for c in cells], pyarrow.string())


def _encode_sheet(file: Path, names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise InputError(
            f"{file} is written by openpyxl, which is not installed: pip install 'auxgen[excel]', "
            "or write a .csv."
        ) from None
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (names, *rows):
        line = []
        for cell in row:
            value = _CONTROL.sub("?", cell) if isinstance(cell, str) else cell
            line.append(WriteOnlyCell(sheet, value))
            if isinstance(value, str):
                line[-1].data_type = "s"  # a text, also where it begins as a formula does
        sheet.append(line)
    content = BytesIO()
    book.save(content)
    return content.getvalue()
