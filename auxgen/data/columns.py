"""What a table's columns are: kept in the artefact, and the way from cells to numbers and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import numpy as np

from ..errors import InputError, list_first
from .cells import (
    MISSING_WORDS,
    DateForm,
    Decimal,
    RawTable,
    blank_out,
    count_cells,
    find_blanks,
    format_date,
    format_number,
    guess_decimal,
    list_texts,
    parse_answer,
    parse_dates,
    parse_numbers,
)

if TYPE_CHECKING:
    from pandas import DataFrame

ColumnKind = Literal["number", "date", "yes/no", "category", "left out"]


@dataclass(frozen=True)
class Column:
    """A column of a table as a person has it.

    Attributes:
        name: Its name.
        kind: What it holds. Numbers and dates are one entry of a row; yes/no and categories one
            entry of 0 or 1 for each text; what is left out is none.
        texts: The texts of a category as they are written, of yes/no that for no first; "" is the
            text of a blank cell, where there were blanks.
        digits: Digits after the point with which a number is written; 0 where all are whole.
        form: How a date is written.
        why: Why it is left out.
        value: The text of every row of a column that never changes, which is left out.
    """

    name: str
    kind: ColumnKind
    texts: tuple[str, ...] = ()
    digits: int = 0
    form: DateForm = "date"
    why: str = ""
    value: str = ""

    @property
    def is_numeric(self) -> bool:
        return self.kind in ("number", "date")

    @cached_property
    def places(self) -> dict[str, int]:
        """The entry of each text; a number counts however it is written."""
        return {_format_if_number(t): i for i, t in enumerate(self.texts)} | {
            t: i for i, t in enumerate(self.texts)
        }

    def find_text(self, text: str) -> int:
        """The entry of a text, -1 if it is none of the known ones."""
        if self.kind == "yes/no" and text:
            answer = parse_answer(text)
            return -1 if answer is None else int(answer)
        others = (_format_if_number(text), text.removeprefix("'"))  # as a formula is escaped
        return next((self.places[t] for t in (text, *others) if t in self.places), -1)


def _format_if_number(text: str) -> str:
    value = parse_numbers(np.array([text], dtype=object), ".").values[0]
    return text if np.isnan(value) else format_number(value)


@dataclass(frozen=True)
class EncodedTable:
    """Rows as numbers, float64 (n, d), NaN where unknown, and what there is to tell of them."""

    x: np.ndarray
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableSchema:
    """The columns of a table, JSON-able: how its rows become numbers, and numbers its rows.

    A row has an entry for each number and date, then one of 0 or 1 for each text of each yes/no and
    category. An unknown number is NaN, and all entries of an unknown text are.

    Attributes:
        columns: All columns but the label's, in the order of the file.
        label: The column of the label, None without one.
        id: The column that names rows, None without one.
        blank: Texts that mean a blank cell, besides the empty one.
        decimal: The decimal sign of numbers in texts.
    """

    columns: tuple[Column, ...]
    label: str | None = None
    id: str | None = None
    blank: tuple[str, ...] = ()
    decimal: Decimal = "."

    @property
    def numbers(self) -> tuple[Column, ...]:
        """The columns that are one entry each, in order."""
        return tuple(c for c in self.columns if c.is_numeric)

    @property
    def categories(self) -> tuple[Column, ...]:
        """The columns that are one entry for each text, in order."""
        return tuple(c for c in self.columns if c.texts)

    @property
    def entry_names(self) -> tuple[str, ...]:
        """Names of the entries of a row, such as "age" and "colour=red"."""
        texts = (f"{c.name}={text}" for c in self.categories for text in c.texts)
        return (*(c.name for c in self.numbers), *texts)

    @property
    def width(self) -> int:
        """Entries of a row."""
        return len(self.numbers) + sum(len(c.texts) for c in self.categories)

    def encode_table(self, table: RawTable) -> EncodedTable:
        """Rows of a file as numbers; columns are found by name, and others are ignored.

        Raises:
            InputError: A column is missing or stands there twice, or a cell is no number.
        """
        self.check_names(table)
        used = [table.names.index(c.name) for c in (*self.numbers, *self.categories)]
        names = tuple(table.names[i] for i in used)
        cells = tuple(blank_out(table.columns[i], self.blank) for i in used)
        chosen = RawTable(table.source, names, cells)
        decimal, notes = self.find_decimal(chosen), list(table.notes)
        x = np.full((len(table), self.width), np.nan)
        for place, column in enumerate(self.numbers):
            x[:, place] = _encode_numbers(column, chosen, decimal, notes)
        place = len(self.numbers)
        for column in self.categories:
            entries = slice(place, place + len(column.texts))
            x[:, entries] = _encode_texts(column, chosen, notes)
            place = entries.stop
        return EncodedTable(x, tuple(notes))

    def encode(self, frame: DataFrame) -> np.ndarray:
        """Rows of a DataFrame as numbers: -> (n, d) float64, NaN where unknown.

        Raises:
            InputError: A column is missing or stands there twice, or a cell is no number.
        """
        from .table_files import convert_frame

        return self.encode_table(convert_frame(frame)).x

    def decode(self, x: np.ndarray) -> DataFrame:
        """Rows (n, d) as rows of the table: its columns, texts as texts, whole numbers whole.

        Entries of 0 and 1 may be probabilities: the text with the greatest is written. A column
        that never changed has its one value; others that were left out are not there.
        """
        import pandas

        place = len(self.numbers)
        cells: dict[str, list[Any]] = {
            c.name: _decode_numbers(c, x[:, i]) for i, c in enumerate(self.numbers)
        }
        for column in self.categories:
            entries = x[:, place : place + len(column.texts)]
            most = np.where(np.isnan(entries), -1.0, entries).argmax(1).tolist()
            unknown: list[bool] = np.isnan(entries).all(axis=1).tolist()  # pyright: ignore
            cells[column.name] = [
                "" if blank else column.texts[i] for i, blank in zip(most, unknown, strict=True)
            ]
            place += len(column.texts)
        cells |= {c.name: [c.value] * len(x) for c in self.columns if c.value}
        ordered = {c.name: cells[c.name] for c in self.columns if c.name in cells}
        return pandas.DataFrame(ordered, dtype=object, index=range(len(x)))

    def check_names(self, table: RawTable) -> None:
        """Raises InputError unless a file has each of the columns once."""
        for column in (*self.numbers, *self.categories):
            if column.name not in table.names:
                wanted = list_first(repr(c.name) for c in self.columns if c.kind != "left out")
                raise InputError(
                    f"{table.source!r} has no column {column.name!r}; expected {wanted}."
                )
            check_unique(table, column.name)

    def find_decimal(self, table: RawTable) -> Decimal:
        """The decimal sign of a file's numbers."""
        numbers = {c.name for c in self.numbers}
        kept = [i for i, name in enumerate(table.names) if name in numbers]
        cells = tuple(table.columns[i] for i in kept)
        some = RawTable(table.source, tuple(table.names[i] for i in kept), cells)
        return guess_decimal(some, self.decimal)[0]

    @classmethod
    def from_json(cls, known: Mapping[str, Any]) -> TableSchema:
        """The schema in JSON that `dataclasses.asdict` made."""
        columns = tuple(Column(**{**c, "texts": tuple(c["texts"])}) for c in known["columns"])
        return cls(**{**known, "columns": columns, "blank": tuple(known["blank"])})


def check_unique(table: RawTable, name: str) -> None:
    """Raises InputError if two columns of a table have this name."""
    if table.names.count(name) > 1:
        raise InputError(
            f"{table.source!r} has {table.names.count(name)} columns called {name!r}; expected "
            "one: rename the others."
        )


def read_column_numbers(
    name: str, table: RawTable, decimal: Decimal, notes: list[str]
) -> np.ndarray:
    """The numbers of a column, NaN where blank; words for "unknown" are blank, and told.

    Raises:
        InputError: A cell is something else, or infinite.
    """
    values, unread = parse_numbers(table[name], decimal)
    words = set(table[name][unread].tolist())
    odd = sorted(w for w in words if w.lower() not in MISSING_WORDS)
    if odd:
        row = int(np.argmax(table[name] == odd[0]))
        raise InputError(
            f"Column {name!r} of {table.source} holds numbers, but {odd[0]!r} in row {row + 1}; "
            f"expected numbers alone: if it means unknown, say so by --blank {odd[0]!r}."
        )
    if words:
        listed = ", ".join(map(repr, sorted(words)))
        count = count_cells(int(unread.sum()))
        notes.append(f"Column {name!r}: {count} among numbers taken as blank: {listed}.")
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise InputError(
            f"Column {name!r} of {table.source} has {count_cells(int(infinite.sum()))} with an "
            f"infinite number, the first in row {row + 1}; expected finite numbers."
        )
    return values


def _encode_numbers(
    column: Column, table: RawTable, decimal: Decimal, notes: list[str]
) -> np.ndarray:
    if column.kind == "number":
        return read_column_numbers(column.name, table, decimal, notes)
    cells = table[column.name]
    values = parse_dates(cells, column.form)
    odd = np.isnan(values) & ~find_blanks(cells)
    if odd.any():
        row = int(np.argmax(odd))
        raise InputError(
            f"Column {column.name!r} of {table.source} holds dates such as 2024-12-31, but "
            f"{list_texts(cells)[row]!r} in row {row + 1}; expected dates alone."
        )
    return values


def _encode_texts(column: Column, table: RawTable, notes: list[str]) -> np.ndarray:
    texts = list_texts(table[column.name])
    known = {text: column.find_text(text) for text in set(texts)}
    rows = np.vstack([np.eye(len(column.texts)), np.full(len(column.texts), np.nan)])
    new = sorted(text for text, place in known.items() if place < 0 and text)
    if new:
        count = count_cells(sum(text in new for text in texts))
        some = ", ".join(map(repr, new[:3])) + (", ..." if len(new) > 3 else "")
        notes.append(
            f"Column {column.name!r}: {count} with a text that training did not have, taken as "
            f"unknown: {some}."
        )
    return rows[[known[text] for text in texts]]


def _decode_numbers(column: Column, values: np.ndarray) -> list[Any]:
    if column.kind == "date":
        return [format_date(value, column.form) for value in values.tolist()]
    return [_round_number(value, column.digits) for value in values.tolist()]


def _round_number(value: float, digits: int) -> Any:
    """A number with so many digits after the point, a whole one as int; None if unknown."""
    if value != value:
        return None
    if digits == 0:
        return round(value)
    return round(value, digits) if digits <= 15 else float(f"{value:.6g}")


def is_frame(rows: object) -> TypeGuard[DataFrame]:
    """Whether rows are a DataFrame, for which pandas need not be imported."""
    return type(rows).__module__.startswith("pandas") and hasattr(rows, "columns")
