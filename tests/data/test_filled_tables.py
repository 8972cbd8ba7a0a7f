"""Which cells of a table are filled in, and which stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from auxgen.data.cells import MISSING_WORDS, RawTable
from auxgen.data.columns import Column
from auxgen.data.filled_tables import fill_blank_cells
from auxgen.data.table_schema import TableSchema


@pytest.mark.parametrize("word", ["", "-1", *sorted(MISSING_WORDS), "Unknown", "NaN"])
def test_what_is_read_as_blank_among_numbers_is_filled_in(word: str) -> None:
    columns = (Column("a", "number", digits=1), Column("note", "left out", why="it is odd"))
    schema = TableSchema(columns, blank=("-1",))
    cells = (np.array(["1.5", word], object), np.array([word, "na"], object))
    table = RawTable("t.csv", ("a", "note"), cells)
    blank = np.isnan(schema.encode_table(table).x[:, 0])
    assert blank.tolist() == [False, True]
    found = fill_blank_cells(table, schema, np.array([[7.0], [2.5]]), as_text=True)
    assert found.cells[0] == ["1.5", "2.5"]
    assert found.cells[1][1] == "na"
    assert found.filled == 1
