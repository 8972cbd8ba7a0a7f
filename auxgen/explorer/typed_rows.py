"""A row of a table that a person types in: its fields, and the numbers that a model sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..data.cells import MISSING_WORDS, RawTable, parse_numbers
from ..data.dataset import Preprocessor
from ..data.dates import are_dates
from ..data.table_schema import TableSchema
from ..data.tables import make_old_schema
from ..errors import InputError

FieldKind = Literal["number", "date", "yes/no", "category"]
MOST_FIELDS = 40
"""Columns up to which each has a field of its own; a wider row is pasted into one."""


@dataclass(frozen=True)
class RowField:
    """A field of the form.

    Attributes:
        name: The column's name.
        kind: What it holds.
        choices: The texts of a category, of yes/no that for no first.
    """

    name: str
    kind: FieldKind
    choices: tuple[str, ...] = ()


def get_row_schema(space: Preprocessor) -> TableSchema:
    """The columns of a model's rows; points have the columns x1, x2, ..."""
    names = space.columns or tuple(f"x{i + 1}" for i in range(prod(space.shape)))
    return space.table or make_old_schema(names)


def list_row_fields(space: Preprocessor) -> tuple[RowField, ...]:
    """A field for each column that the model learned from, in the table's order."""
    return tuple(
        RowField(c.name, c.kind, tuple(text for text in c.texts if text))
        for c in get_row_schema(space).columns
        if c.kind != "left out"
    )


def parse_typed_row(space: Preprocessor, texts: Sequence[str | None]) -> tuple[Tensor, list[str]]:
    """What was typed into the fields as a raw row (1, d), and sentences about what was guessed.

    Blank fields are unknown.

    Raises:
        InputError: All are blank, one is no number or date, or the model needs one that is blank.
    """
    schema, fields = get_row_schema(space), list_row_fields(space)
    cells = [(text or "").strip() for text in texts]
    if len(cells) != len(fields):
        raise InputError(f"There are {len(cells)} values; expected {len(fields)}, one a column.")
    if not any(cells):
        raise InputError("All fields are blank; fill in what you know of the row.")
    names = tuple(field.name for field in fields)
    table = RawTable("the row", names, tuple(np.array([cell], dtype=object) for cell in cells))
    for field, cell in zip(fields, cells, strict=True):
        _check_cell(field, cell, schema, table)
        if not cell and space.table is None:
            raise InputError(f"{field.name} is blank; this model needs a number in each field.")
    encoded = schema.encode_table(table)
    return torch.from_numpy(encoded.x), list(encoded.notes)


def _check_cell(field: RowField, cell: str, schema: TableSchema, table: RawTable) -> None:
    """Raises InputError unless a cell is blank, or a number or date where that is expected."""
    if not cell or cell.lower() in MISSING_WORDS or cell in schema.blank:
        return
    where = f"{field.name} takes a {field.kind}"
    instead = "leave it blank where it is not known"
    if field.kind == "number":
        values, unread = parse_numbers(table[field.name], schema.find_decimal(table))
        if unread.any() or not np.isfinite(values).all():
            raise InputError(f"{where}, not {cell!r}; {instead}.")
    elif field.kind == "date" and not are_dates({cell}):
        raise InputError(f"{where} such as 2024-12-31, not {cell!r}; {instead}.")


def format_row_cells(space: Preprocessor, x: Tensor) -> list[str]:
    """The texts of a raw row (1, d) for the fields, "" where unknown."""
    frame = get_row_schema(space).decode(x.flatten(1).double().numpy())
    cells = (frame[field.name].iloc[0] for field in list_row_fields(space))
    return ["" if cell is None else str(cell) for cell in cells]


def split_pasted_row(space: Preprocessor, text: str) -> list[str]:
    """The cells of a row that was pasted, between tabs, semicolons or commas."""
    line = text.strip("\n\r")
    separator = next((s for s in ("\t", ";") if s in line), ",")
    cells = line.split(separator)
    expected = len(list_row_fields(space))
    if "\n" in line or len(cells) != expected:
        raise InputError(
            f"{len(cells):,} values were pasted; expected one row of {expected:,}, in the order of "
            "the table's columns, with tabs, semicolons or commas between them."
        )
    return cells
