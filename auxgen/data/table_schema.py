"""A table's columns together, kept in the artefact: the way from rows to numbers and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, list_first
from .cells import Decimal, RawTable, blank_out, describe_decimal, guess_decimal
from .columns import Column, check_unique, decode_numbers, encode_numbers, encode_texts
from .storage import join_columns, keep_array

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class EncodedTable:
    """Rows as numbers, float64 (n, d), NaN where unknown, and what there is to tell of them.

    Attributes:
        decimal_note: How commas in numbers were read, unless as in training; "" without them.
    """

    x: np.ndarray
    notes: tuple[str, ...] = ()
    decimal_note: str = ""


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
        (decimal, commas), notes = self._guess_decimal(chosen), list(table.notes)
        size = 8.0 * len(table) * self.width
        parts = [
            keep_array(encode_numbers(column, chosen, decimal, notes)[:, None], size)
            for column in self.numbers
        ]
        parts += [
            keep_array(encode_texts(column, chosen, notes), size) for column in self.categories
        ]
        x = join_columns(parts) if parts else np.empty((len(table), 0))
        usual = decimal == self.decimal == ","
        note = describe_decimal(decimal, commas) if commas and not usual else ""
        return EncodedTable(x, tuple(notes), note)

    def encode(self, frame: DataFrame) -> np.ndarray:
        """Rows of a DataFrame as numbers: -> (n, d) float64, NaN where unknown.

        Raises:
            InputError: A column is missing or stands there twice, or a cell is no number.
        """
        from .raw_tables import convert_frame

        return self.encode_table(convert_frame(frame)).x

    def decode(self, x: np.ndarray) -> DataFrame:
        """Rows (n, d) as rows of the table: its columns, texts as texts, whole numbers whole.

        Entries of 0 and 1 may be probabilities: the text with the greatest is written. A column
        that never changed has its one value; others that were left out are not there.
        """
        import pandas

        place = len(self.numbers)
        cells: dict[str, list[Any]] = {
            c.name: decode_numbers(c, x[:, i]) for i, c in enumerate(self.numbers)
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
        return self._guess_decimal(table)[0]

    def _guess_decimal(self, table: RawTable) -> tuple[Decimal, str]:
        numbers = {c.name for c in self.numbers}
        kept = [i for i, name in enumerate(table.names) if name in numbers]
        cells = tuple(table.columns[i] for i in kept)
        some = RawTable(table.source, tuple(table.names[i] for i in kept), cells)
        return guess_decimal(some, self.decimal)

    @classmethod
    def from_json(cls, known: Mapping[str, Any]) -> TableSchema:
        """The schema in JSON that `dataclasses.asdict` made."""
        columns = tuple(Column(**{**c, "texts": tuple(c["texts"])}) for c in known["columns"])
        return cls(**{**known, "columns": columns, "blank": tuple(known["blank"])})
