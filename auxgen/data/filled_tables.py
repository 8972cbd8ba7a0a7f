"""Tables whose blank cells are filled in, with all else as it was."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .cells import MISSING_WORDS, Decimal, RawTable, blank_out, list_texts, parse_numbers
from .table_schema import TableSchema


class FilledTable(NamedTuple):
    """Cells, column by column, and how many of them were filled in."""

    names: tuple[str, ...]
    cells: tuple[list[Any], ...]
    filled: int


def fill_blank_cells(
    table: RawTable, schema: TableSchema, x: np.ndarray, *, as_text: bool
) -> FilledTable:
    """A file's cells, with those of the schema's columns that are blank taken from rows (n, d).

    Args:
        table: The file.
        schema: Its columns.
        x: A row for each of the file's, without blanks.
        as_text: Whether all cells are texts as they are written, or those of numbers are numbers.
    """
    decoded, cells, count = schema.decode(x), [], 0
    decimal, numbers = schema.find_decimal(table), {c.name for c in schema.numbers}
    counted = {c.name for c in schema.numbers if c.kind == "number"}
    learned = {*numbers, *(c.name for c in schema.categories)}
    for name, column in zip(table.names, table.columns, strict=True):
        texts = list_texts(blank_out(column, schema.blank))
        if name in learned:
            new = ["" if c is None else str(c) for c in decoded[name].tolist()]
            if name in counted:  # as such words are read among numbers
                texts = ["" if text.lower() in MISSING_WORDS else text for text in texts]
            count += sum(not old and bool(fill) for old, fill in zip(texts, new, strict=True))
            texts = [old or fill for old, fill in zip(texts, new, strict=True)]
        is_typed = not as_text and (name in numbers or column.dtype != object)
        cells.append(_parse_cells(texts, decimal) if is_typed else texts)
    return FilledTable(table.names, tuple(cells), count)


def _parse_cells(texts: list[str], decimal: Decimal) -> list[Any]:
    """Numbers, whole ones as int and None where blank; dates and other texts as they are."""
    values, unread = parse_numbers(np.array(texts, dtype=object), decimal)
    known = values[~np.isnan(values)]
    kind = int if bool((known == np.floor(known)).all()) else float
    numbers = [None if value != value else kind(value) for value in values.tolist()]
    pairs = zip(texts, unread.tolist(), numbers, strict=True)
    return [text if is_text else number for text, is_text, number in pairs]
