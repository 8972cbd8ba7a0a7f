"""What became of each column of a table: in the rows, in run.json, on the terminal, in a report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame

from auxgen.data.column_facts import LEARNED_FROM, LEFT_OUT, ColumnFacts, summarise_columns
from auxgen.data.column_kinds import ColumnChoice
from auxgen.data.splits import split_stratified
from auxgen.data.user import load_table
from auxgen.report import write_report
from auxgen.runs.datasets import describe_datasets, format_data_card
from auxgen.stage import Stage

ROWS = 24
WIDTH = 300


def describe(file: Path, choice: ColumnChoice | None = None) -> dict[str, dict]:
    """The card of a table whose test rows are held out, as run.json keeps it."""
    train, test = split_stratified(load_table(file, label="y", choice=choice), 0.2, 0)
    stage = Stage(None, None, None, data={"train": train, "test": test})  # pyright: ignore
    return json.loads(json.dumps(describe_datasets({"m": stage})))


def write_file(folder: Path, table: DataFrame) -> Path:
    table.to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A table with a column of each kind, two cells of which are blank."""
    rng, rows = np.random.default_rng(0), range(ROWS)
    columns = {
        "n": ["NA", *rng.normal(size=ROWS - 2).tolist(), ""],
        "day": ["", "", *(f"2024-01-{i + 1:02}" for i in range(ROWS - 2))],
        "ok": ["", "", *(("yes", "no")[i % 2] for i in range(ROWS - 2))],
        "colour": ["?", "", *(("red", "blue", "green")[i % 3] for i in range(ROWS - 2))],
        "who": ["", "", *(f"p{i}" for i in range(ROWS - 2))],
        "same": [7] * ROWS,
        "hole": [""] * ROWS,
        "row": rows,
        "note": [f"text {i}" for i in rows],
        "away": rng.normal(size=ROWS),
        "y": ["", "", *(("a", "b")[i % 2] for i in range(ROWS - 2))],
    }
    return write_file(tmp_path, DataFrame(columns))


def test_every_column_is_there_with_its_kind_and_blanks(mixed: Path) -> None:
    choice = ColumnChoice("y", id="who", drop=("away",), blank=("?",))
    found = load_table(mixed, label="y", choice=choice).column_facts
    assert [(c.name, c.kind, c.blank, c.texts) for c in found] == [
        ("n", "number", 2, 0),
        ("day", "date", 2, 0),
        ("ok", "yes/no", 2, 2),
        ("colour", "category", 2, 3),
        ("who", "id", 2, 0),
        ("same", "constant", 0, 0),
        ("hole", "blank", ROWS, 0),
        ("row", "index", 0, 0),
        ("note", "left out", 0, 0),
        ("away", "dropped", 0, 0),
        ("y", "label", 2, 2),
    ]
    assert {c.kind for c in found} == {*LEARNED_FROM, *LEFT_OUT}
    assert all(c.why for c in found if c.kind in ("constant", "blank", "index", "left out"))


def test_the_card_has_a_line_on_the_terminal_and_a_table_in_the_report(mixed: Path) -> None:
    described = describe(mixed, ColumnChoice("y", id="who"))
    lines = format_data_card(described)
    (line,) = [line for line in lines if "11 columns" in line]
    assert line.startswith("  11 columns: 2 numbers, 1 date, 1 yes/no, 1 category, 1 label; not ")
    assert not any("colour=red" in line for line in lines)
    (mixed.parent / "run.json").write_text(json.dumps({"datasets": described}))
    page = write_report([mixed.parent], mixed.parent / "r.html").read_text()
    assert "Columns of train, test" in page
    assert page.count('<tr><th scope="row">') == 11
    assert "is always 7" in page


def test_a_wide_table_is_summed_up(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = DataFrame(rng.normal(size=(ROWS, WIDTH)), columns=[f"c{i}" for i in range(WIDTH)])
    table.iloc[:, ::2] = 0
    table.iloc[0, 1::2] = np.nan
    described = describe(write_file(tmp_path, table.assign(y=["a", "b"] * (ROWS // 2))))
    assert len(described["train"]["table"]["columns"]) == WIDTH + 1
    lines = format_data_card(described)
    assert len(lines) < 10
    assert max(map(len, lines)) < 400
    assert any("301 columns: 150 numbers, 1 label; not learned from: 150 that " in t for t in lines)
    (tmp_path / "run.json").write_text(json.dumps({"datasets": described}))
    page = write_report([tmp_path], tmp_path / "r.html").read_text()
    assert page.count('<tr><th scope="row">') == 40
    assert "261 more columns are listed in run.json" in page


def test_a_run_that_does_not_tell_of_its_columns_is_reported(mixed: Path) -> None:
    described = {k: {**v, "table": None} for k, v in describe(mixed).items()}
    del described["test"]["table"]
    (mixed.parent / "run.json").write_text(json.dumps({"datasets": described}))
    page = write_report([mixed.parent], mixed.parent / "r.html").read_text()
    assert "Columns of" not in page
    assert "colour=red" in page


def test_columns_are_counted_by_kind() -> None:
    facts = [ColumnFacts("a", "number"), ColumnFacts("b", "number"), ColumnFacts("c", "dropped")]
    assert summarise_columns([c.kind for c in facts]) == (
        "3 columns: 2 numbers; not learned from: 1 as asked"
    )
    assert summarise_columns(["label"]) == "1 column: 1 label"
