"""What a table's column is, and the way from its cells to numbers and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import numpy as np

from ..errors import InputError
from .cells import (
    MISSING_WORDS,
    Decimal,
    RawTable,
    count_cells,
    find_blanks,
    format_number,
    list_texts,
    parse_answer,
    parse_numbers,
)
from .dates import DateForm, format_date, parse_dates

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
    """The numbers of a column, NaN where blank; words for "unknown" are blank, with a note.

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


def encode_numbers(
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


def encode_texts(column: Column, table: RawTable, notes: list[str]) -> np.ndarray:
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


def decode_numbers(column: Column, values: np.ndarray) -> list[Any]:
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
