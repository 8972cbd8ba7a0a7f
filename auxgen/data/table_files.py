"""Files of tables: .csv, .tsv, .parquet, .feather and .xlsx, as they are written."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from ..errors import InputError, NotSaved, take_first_line
from .cells import Decimal, RawTable, strip_texts
from .raw_tables import convert_values, make_raw_table
from .storage import check_text_size, is_too_large, keep_array

TEXT_SUFFIXES = (".csv", ".tsv")
TABLE_SUFFIXES = (*TEXT_SUFFIXES, ".parquet", ".feather", ".xlsx")
TABLE_KINDS = ".csv, .tsv, .parquet, .feather or .xlsx"
_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # begins as that of UTF-16 does
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SEPARATOR_LINE = re.compile(r"sep=([^\r\n])[ \t,;|]*(?:\r\n|\r|\n|$)", re.IGNORECASE)
"""A first line that names the separator, as Excel reads and others write for it."""
_SEPARATOR_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|"}


@dataclass(frozen=True)
class TableFormat:
    """How a file of text is written, where a person says so; None for a good guess.

    Attributes:
        separator: What stands between cells: one character, or "tab".
        encoding: Name of the encoding, such as "utf-8" or "cp1252".
        decimal: The decimal sign, "." or ",".
    """

    separator: str | None = None
    encoding: str | None = None
    decimal: Decimal | None = None


def read_table_file(
    file: Path, form: TableFormat | None = None, expected: Collection[str] = ()
) -> RawTable:
    """A file's rows; the first row of a text file or a sheet is the header.

    Args:
        file: A file with one of `TABLE_SUFFIXES`.
        form: How a file of text is written.
        expected: Columns that the file should have, by which separators are recognised.

    Raises:
        InputError: The file cannot be read, or has no rows.
    """
    form, suffix = form or TableFormat(), file.suffix.lower()
    try:
        if suffix in TEXT_SUFFIXES:
            table = _read_text(file, form, expected)
        elif suffix == ".xlsx":
            table = _read_sheet(file)
        else:
            table = _read_arrow(file)
    except (InputError, NotSaved):
        raise
    except Exception as error:  # readers of damaged files raise what their libraries do
        raise InputError(
            f"{file} cannot be read ({take_first_line(error)}); a table with a header is expected."
        ) from error
    if not len(table):
        raise InputError(f"{file} has no rows; one or more is expected.")
    return table


def _read_text(file: Path, form: TableFormat, expected: Collection[str]) -> RawTable:
    import pandas

    check_text_size(file)
    text, notes = _decode_text(file, form.encoding)
    named = _SEPARATOR_LINE.match(text)
    if named:
        text = text[named.end() :]
    if not text.strip():
        raise InputError(f"{file} is empty; a table with a header is expected.")
    given = form.separator or (named[1] if named else None)
    separator = _find_separator(file, text, given, expected)
    usual = "\t" if file.suffix.lower() == ".tsv" else ","
    if separator != usual and given is None:
        notes.append(f"{file.name}: cells are taken to be separated by {_SEPARATORS[separator]}.")
    notes += _compare_with_header(file, text, separator)
    frame = pandas.read_csv(
        StringIO(text),
        sep=separator,
        header=None,
        dtype=str,
        na_filter=False,
        skipinitialspace=separator != "\t",
    )
    cells = [strip_texts(frame[i].to_numpy(dtype=object)) for i in frame]
    return make_raw_table(file.name, [c[0] for c in cells], [c[1:] for c in cells], notes)


def _decode_text(file: Path, encoding: str | None) -> tuple[str, list[str]]:
    """A file's text, and what was guessed of its encoding."""
    data = file.read_bytes()
    if encoding is not None:
        try:
            return data.decode(encoding).removeprefix("\ufeff"), []
        except LookupError:
            raise InputError(f"There is no encoding {encoding!r}; utf-8 is one.") from None
        except UnicodeError:
            raise InputError(
                f"{file} is not in the encoding {encoding!r}; leave it out for a guess."
            ) from None
    for mark, name in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data.decode(name, errors="replace"), []
    if b"\0" in data:
        raise InputError(f"{file} holds bytes that are no text; a table of text is expected.")
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        note = (
            f"{file.name} is not in UTF-8 and is taken for Western European (cp1252): "
            "if it is another, save it in UTF-8, or give a table's --encoding."
        )
        try:
            return data.decode("cp1252"), [note]
        except UnicodeDecodeError:
            return data.decode("latin-1"), [note.replace("cp1252", "latin-1")]


def _find_separator(file: Path, text: str, given: str | None, expected: Collection[str]) -> str:
    """The separator that a person names, or under which the file looks most like the table."""
    if given is not None:
        separator = _SEPARATOR_WORDS.get(given, given)
        if len(separator) != 1 or separator in '"\n\r':
            raise InputError(f"The separator is {given!r}; expected one character, or tab.")
        return separator
    usual = "\t" if file.suffix.lower() == ".tsv" else ","
    scores = {mark: _rate_separator(text, mark, set(expected)) for mark in _SEPARATORS}
    best = max(scores, key=lambda mark: (*scores[mark], mark == usual))
    return best if scores[best] > scores[usual] else usual


def _rate_separator(text: str, mark: str, expected: set[str]) -> tuple[int, bool, int]:
    """How many expected columns there are, whether all lines agree, and in how many cells."""
    try:
        lines = list(islice(_split_lines(text, mark), 50))
    except csv.Error:
        return 0, False, 0
    widths = {len(line) for line in lines}
    names = {name.strip() for name in lines[0]} if lines else set()
    agrees = len(widths) == 1 and widths != {1}
    return len(names & expected), agrees, max(widths, default=0) if agrees else 0


def _compare_with_header(file: Path, text: str, separator: str) -> list[str]:
    """A note on rows that have fewer cells than the header; blank lines are no rows.

    Raises:
        InputError: A row has more.
    """
    try:
        header, *widths = (len(line) for line in _split_lines(text, separator))
    except csv.Error:  # a cell of more than csv reads, which pandas does
        return []
    most, least = max(widths, default=header), min(widths, default=header)
    if most > header:
        raise InputError(
            f"{file.name} has {most} cells in row {widths.index(most) + 1}, and {header} in its "
            "header; as many are expected: take out lines above the header, and put a cell that "
            "holds the separator in quotes."
        )
    if least == header:
        return []
    short = [i for i, width in enumerate(widths) if width < header]
    return [
        f"{file.name}: {len(short)} of {len(widths)} rows have fewer cells than the header, the "
        f"first row {short[0] + 1}; what is missing is taken as blank."
    ]


def _split_lines(text: str, separator: str) -> Iterator[list[str]]:
    """The cells of each line that is not blank, however lines end."""
    lines = StringIO(text, newline=None)
    cells = csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t")
    return (line for line in cells if line not in ([], [""]))


def _read_sheet(file: Path) -> RawTable:
    """The first sheet of an Excel file."""
    try:
        import openpyxl
    except ImportError:
        raise InputError(
            f"{file} is read by openpyxl, which is not installed: pip install 'auxgen[excel]', or "
            "save the sheet as .csv."
        ) from None
    try:
        book = openpyxl.load_workbook(BytesIO(file.read_bytes()), read_only=True, data_only=True)
    except BadZipFile as error:
        raise InputError(f"{file} is no Excel file; a table with a header is expected.") from error
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    _check_formulas(file, rows)
    used = [i for i, row in enumerate(rows) if any(map(_is_set, row))]
    rows = rows[used[0] : used[-1] + 1] if used else []  # rows that were once edited are blank
    notes = []
    if len(book.sheetnames) > 1:
        notes.append(f"{file.name}: of {len(book.sheetnames)} sheets the first is read.")
    if not rows:
        raise InputError(f"{file} is empty; a table with a header is expected.")
    width = max(map(len, rows))
    whole = [(*row, *(None for _ in range(width - len(row)))) for row in rows]
    columns = [list(column) for column in zip(*whole, strict=True)]
    columns = [column for column in columns if any(map(_is_set, column))]
    cells = [convert_values(column[1:]) for column in columns]
    return make_raw_table(file.name, [column[0] for column in columns], cells, notes)


def _check_formulas(file: Path, rows: Sequence[Sequence[Any]]) -> None:
    """Raises InputError if a sheet has a formula whose value is not in the file."""
    import openpyxl

    with ZipFile(file) as archive:
        sheets = (n for n in archive.namelist() if n.startswith("xl/worksheets/"))
        if not any(mark in archive.read(n) for n in sheets for mark in (b"<f>", b"<f ")):
            return
    book = openpyxl.load_workbook(BytesIO(file.read_bytes()), read_only=True)
    for number, written in enumerate(book.worksheets[0].iter_rows(values_only=True)):
        for value, text in zip(rows[number], written, strict=False):
            if value is None and isinstance(text, str) and text.startswith("="):
                raise InputError(
                    f"{file} has the formula {text!r} without its value in row {number + 1}; open "
                    "and save it in a spreadsheet, or save the sheet as .csv."
                )


def _is_set(value: object) -> bool:
    return value is not None and str(value).strip() != ""


def _read_arrow(file: Path) -> RawTable:
    import pyarrow.feather
    import pyarrow.parquet

    if file.suffix.lower() == ".parquet":
        stored = pyarrow.parquet.ParquetFile(file)
        names, rows = stored.schema_arrow.names, stored.metadata.num_rows
        read_all, read_some = stored.read, stored.read
    else:
        mapped = pyarrow.feather.read_table(file, memory_map=True)
        names, rows = mapped.column_names, len(mapped)
        read_all, read_some = (lambda: mapped), mapped.select
    size = 8.0 * rows * len(names)
    table = None if is_too_large(size) and len(set(names)) == len(names) else read_all()
    kept = [i for i, n in enumerate(names) if not n.startswith("__index_level_")]
    cells = []
    for i in kept:
        column = read_some([names[i]]).column(0) if table is None else table.column(i)
        column.validate(full=True)  # places in a damaged file may lie outside of it
        cells.append(keep_array(_convert_arrow(names[i], column, file), size))
    return make_raw_table(file.name, [names[i] for i in kept], cells, [])


def _convert_arrow(name: str, column: Any, file: Path) -> np.ndarray:
    """The cells of a column of an arrow table."""
    from pyarrow import types

    kind = column.type
    if types.is_nested(kind) or types.is_binary(kind):
        raise InputError(
            f"Column {name!r} of {file.name} holds {kind}; numbers or texts are expected: drop it."
        )
    if types.is_floating(kind):
        return column.cast("float64").to_numpy(zero_copy_only=False)
    if types.is_signed_integer(kind) and not column.null_count:
        return column.to_numpy().astype(np.int64)
    return convert_values(column.to_pylist())
