"""Tables are written as any kind of file, and read back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxgen.data.cells import list_texts
from auxgen.data.table_files import TABLE_SUFFIXES, TEXT_SUFFIXES, read_table_file
from auxgen.data.table_writing import write_table
from auxgen.errors import InputError

TEXTS = ["=1+1", "+A1", "@x", "-y", "a,b;c\td", 'say "hi"', "two\nlines", "été 日本", "01", "NA"]
HEADER = ["=SUM(A1)", "né, 1", "whole", "number", "some", "none"]


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_what_is_written_is_read_back(suffix: str, tmp_path: Path) -> None:
    numbers = [10.0**i + 1 / 3 for i in range(-5, len(TEXTS) - 5)]
    some = [None, float("nan"), *numbers[2:]]
    whole = [i - 3 for i in range(len(TEXTS))]
    rows = zip(TEXTS, TEXTS[::-1], whole, numbers, some, [None] * len(TEXTS), strict=True)
    table = read_table_file(write_table(tmp_path / f"t{suffix}", HEADER, list(rows)))
    assert [name.removeprefix("'") for name in table.names] == HEADER
    cells = [[text.removeprefix("'") for text in list_texts(c)] for c in table.columns]
    assert cells[0] == cells[1][::-1] == TEXTS
    assert [int(text) for text in cells[2]] == whole
    digits = 1e-15 if suffix == ".xlsx" else 0.0  # a sheet keeps 16 digits
    assert [float(text) for text in cells[3]] == pytest.approx(numbers, rel=digits, abs=0)
    assert cells[4] == ["", "", *cells[3][2:]]
    assert cells[5] == [""] * len(TEXTS)


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
def test_a_spreadsheet_runs_nothing(suffix: str, tmp_path: Path) -> None:
    text = write_table(tmp_path / f"t{suffix}", ["=x"], [["=1+1"], ["-2"], ["\tx"]]).read_text()
    assert text.splitlines() == ["'=x", "'=1+1", "-2", '"\'\tx"' if suffix == ".tsv" else "'\tx"]


def test_texts_of_a_sheet_are_no_formulas(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    file = write_table(tmp_path / "t.xlsx", ["=x"], [["=1+1"], ["a\x01b"], ["\udce9.png"]])
    cells = [row[0] for row in openpyxl.load_workbook(file).active.iter_rows()]
    assert [cell.data_type for cell in cells] == ["s"] * 4
    assert [cell.value for cell in cells] == ["=x", "=1+1", "a?b", "\\udce9.png"]


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_a_table_without_rows_has_its_columns(suffix: str, tmp_path: Path) -> None:
    file = write_table(tmp_path / f"t{suffix}", ["a", "b"], [])
    assert file.stat().st_size > 0


@pytest.mark.parametrize("name", ["t.txt", "t", "t.xls", "t.csv.gz"])
def test_other_kinds_are_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected \.csv, \.tsv, \.parquet, \.feather or \.xlsx"):
        write_table(tmp_path / name, ["a"], [["x"]])
    assert not list(tmp_path.iterdir())
