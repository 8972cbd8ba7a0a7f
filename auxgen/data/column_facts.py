"""What became of each column of a person's table, for the run, the terminal and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .cells import RawTable, blank_out, find_blanks, list_texts, parse_numbers
from .columns import Column
from .table_schema import TableSchema

LEARNED_FROM = {
    "number": ("number", "numbers"),
    "date": ("date", "dates"),
    "yes/no": ("yes/no", "yes/no"),
    "category": ("category", "categories"),
    "label": ("label", "labels"),
}
"""One and several columns of the kinds that a model learns from."""
LEFT_OUT = {
    "id": ("id beside predictions", "ids beside predictions"),
    "constant": ("that never changes", "that never change"),
    "dropped": ("as asked", "as asked"),
    "blank": ("blank in every row", "blank in every row"),
    "index": ("that names or counts the rows", "that name or count the rows"),
    "left out": ("of many different texts", "of many different texts"),
}
"""The same of those that it does not learn from."""


@dataclass(frozen=True)
class ColumnFacts:
    """A column of a table, and what became of it; JSON-able.

    Attributes:
        name: Its name.
        kind: What it holds, a key of `LEARNED_FROM`; or why it is not learned from, of `LEFT_OUT`.
        blank: Its blank cells, in the files of all splits.
        texts: Different texts of a category, of yes/no, or of the label.
        why: More about a column that is not learned from.
    """

    name: str
    kind: str
    blank: int = 0
    texts: int = 0
    why: str = ""


def find_column_facts(table: RawTable, schema: TableSchema) -> tuple[ColumnFacts, ...]:
    """What became of each column of a file, in the order of the file."""
    columns = {column.name: column for column in schema.columns}
    return tuple(
        _find_facts(name, blank_out(cells, schema.blank), columns.get(name), schema)
        for name, cells in zip(table.names, table.columns, strict=True)
    )


def _find_facts(
    name: str, cells: np.ndarray, column: Column | None, schema: TableSchema
) -> ColumnFacts:
    blank = int(find_blanks(cells).sum())
    if column is None:
        return ColumnFacts(name, "label", blank, texts=len(set(list_texts(cells)) - {""}))
    if column.kind == "number":  # among numbers, words such as NA are blank
        blank = int(np.isnan(parse_numbers(cells, schema.decimal).values).sum())
    if column.kind != "left out":
        return ColumnFacts(name, column.kind, blank, len([t for t in column.texts if t]))
    if name == schema.id:
        return ColumnFacts(name, "id", blank)
    if column.why == "as asked":
        return ColumnFacts(name, "dropped", blank)
    return ColumnFacts(name, _find_reason(column), blank, why=column.why)


def _find_reason(column: Column) -> str:
    """Why a column is left out, as a key of `LEFT_OUT`."""
    if column.value:
        return "constant"
    reasons = {"is blank": "blank", "counts the rows": "index", "names the rows": "index"}
    return next((kind for why, kind in reasons.items() if column.why.startswith(why)), "left out")


def summarise_columns(kinds: Sequence[str]) -> str:
    """How many columns there are of each kind, such as "3 columns: 2 numbers, 1 label"."""
    counts = Counter(kinds)
    used, unused = _list_counts(counts, LEARNED_FROM), _list_counts(counts, LEFT_OUT)
    several = "s" * (len(kinds) != 1)
    rest = f"; not learned from: {', '.join(unused)}" if unused else ""
    return f"{len(kinds):,} column{several}: {', '.join(used)}{rest}"


def _list_counts(counts: Counter[str], words: dict[str, tuple[str, str]]) -> Iterable[str]:
    return [f"{counts[k]:,} {words[k][counts[k] > 1]}" for k in words if counts[k]]
