"""What the columns of a table hold, found in its cells; every guess becomes a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import InputError, list_first, unknown_name
from . import cells as cell
from .cells import Decimal, RawTable
from .column_inference import infer_column
from .columns import Column, check_unique
from .table_schema import TableSchema

MAX_SENTENCES = 5
"""Columns left out that have a sentence each."""


@dataclass(frozen=True)
class ColumnChoice:
    """Which columns of a table a person wants.

    Attributes:
        label: The column of the label.
        id: A column that names the rows: nothing is learned from it, and predictions carry it.
        drop: Columns to leave out.
        columns: The columns to learn from; all others are left out. Empty for a good guess.
        blank: Texts that mean a blank cell, besides the empty one.
    """

    label: str | None = None
    id: str | None = None
    drop: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()


class FittedSchema(NamedTuple):
    """The columns of a table, and what was guessed of them, one sentence each."""

    schema: TableSchema
    notes: tuple[str, ...]


def fit_schema(
    table: RawTable, choice: ColumnChoice, decimal: Decimal | None = None
) -> FittedSchema:
    """What the columns of a table hold.

    Args:
        table: The rows of all splits.
        choice: Which columns a person wants.
        decimal: The decimal sign of numbers in texts; None for a good guess.

    Raises:
        InputError: A column is named that is not there, two have one name, a column cannot be
            used, or none is left.
    """
    for name in table.names:
        check_unique(table, name)
    named = [choice.label, choice.id, *choice.drop, *choice.columns]
    for name in named:
        if name is not None and name not in table.names:
            raise unknown_name(f"{table.source} column", name, table.names)
    columns = tuple(cell.blank_out(c, choice.blank) for c in table.columns)
    table = RawTable(table.source, table.names, columns)
    notes: list[str] = []
    if choice.label is not None and choice.label in named[1:]:
        notes.append(f"Column {choice.label!r} is the label; naming it elsewhere changes nothing.")
    sign = decimal
    if sign is None:
        used = [n for n in table.names if n not in (choice.label, choice.id, *choice.drop)]
        some = RawTable(table.source, tuple(used), tuple(table[n] for n in used))
        sign, shown = cell.guess_decimal(some)
        if shown:
            notes.append(cell.describe_decimal(sign, shown))
    found = []
    for name in table.names:
        if name == choice.label:
            continue
        if (
            name == choice.id
            or name in choice.drop
            or (choice.columns and name not in choice.columns)
        ):
            found.append(Column(name, "left out", why="as asked"))
        else:
            found.append(infer_column(name, table, sign, notes, chosen=name in choice.columns))
    left_out = [c for c in found if c.kind == "left out" and c.why != "as asked"]
    notes += _describe_left_out(left_out)
    if all(c.kind == "left out" for c in found):
        few = f"; {left_out[0].name!r} {left_out[0].why}" if left_out else ""
        raise InputError(
            f"{table.source} has no columns beside the label that can be learned from{few}; "
            "one or more is expected."
        )
    schema = TableSchema(tuple(found), choice.label, choice.id, choice.blank, sign)
    return FittedSchema(schema, (*notes, *_describe_blanks(schema, table)))


def _describe_left_out(columns: Sequence[Column]) -> list[str]:
    """A sentence for each of a few columns, one for all of many."""
    if len(columns) <= MAX_SENTENCES:
        return [f"Column {c.name!r} is left out: it {c.why}." for c in columns]
    each = list_first((f"{c.name!r} {c.why.partition(';')[0]}" for c in columns), MAX_SENTENCES)
    return [f"{len(columns)} columns are left out: {each}."]


def _describe_blanks(schema: TableSchema, table: RawTable) -> list[str]:
    counts = {c.name: int(cell.find_blanks(table[c.name]).sum()) for c in schema.numbers}
    blank = [f"{name} ({count})" for name, count in counts.items() if count]
    if not blank:
        return []
    return [f"Blank numbers are left out of what the model learns: {list_first(blank)}."]
