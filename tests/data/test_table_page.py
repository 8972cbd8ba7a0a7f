"""The page about tables says what is done with every oddity, as a run of this test found it.

AUXGEN_WRITE_PAGES=1 writes the page anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import auxgen
from auxgen.data import user
from auxgen.data.column_kinds import ColumnChoice
from auxgen.data.table_files import TableFormat
from auxgen.errors import InputError

PAGE = Path(auxgen.__file__).parent.parent / "docs" / "guides" / "table-files.md"
MARK = "<!-- made by tests/data/test_table_page.py -->\n"


class Oddity(NamedTuple):
    """A column x of a table, or a whole file, and options."""

    title: str
    cells: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    choice: ColumnChoice = ColumnChoice()
    form: TableFormat = TableFormat()
    encoding: str = "utf-8"
    options: str = ""


ODDITIES = (
    Oddity("numbers", ("0.5", "1", "-2e-9", "3")),
    Oddity("numbers, some blank", ("0.5", "", "2", "3")),
    Oddity("numbers, some `NA`, `nan`, `?`", ("0.5", "NA", "2", "3")),
    Oddity(
        "numbers, some `-999`",
        ("0.5", "-999", "2", "3"),
        choice=ColumnChoice(blank=("-999",)),
        options="`--blank -999`",
    ),
    Oddity("numbers, one `2m`", ("0.5", "2m", "2", "3")),
    Oddity("an infinite number", ("0.5", "inf", "2", "3")),
    Oddity("decimal commas", ("0,5", "1,25", "2", "3")),
    Oddity("`1,500` and no other comma", ("1,500", "2,250", "2", "3")),
    Oddity(
        "the same",
        ("1,500", "2,250", "2", "3"),
        form=TableFormat(decimal="."),
        options="`--decimal .`",
    ),
    Oddity("texts", ("red", "blue", "red", "blue")),
    Oddity("texts, some blank", ("red", "", "red", "blue")),
    Oddity("texts such as `NA` and `None`", ("NA", "None", "NA", "red")),
    Oddity("`01`, `02`", ("01", "02", "01", "02")),
    Oddity("`0`, `1`, `2`, `3+`", ("0", "1", "2", "3+", "3+", "1")),
    Oddity("`10 %`, `20 %`", ("10 %", "20 %", "10 %", "20 %")),
    Oddity("times", ("09:30", "10:00", "09:30", "10:00")),
    Oddity("half numbers, half `n.d.`", ("0.5", "n.d.", "1.5", "n.d.")),
    Oddity("`yes` and `no`, `TRUE` and `False`", ("TRUE", "False", "TRUE", "false")),
    Oddity("dates as `2024-12-31`", ("2024-12-31", "2025-01-02", "2025-03-01", "2024-11-05")),
    Oddity("dates as `31/12/2024`", ("31/12/2024", "02/01/2025", "01/03/2025", "05/11/2024")),
    Oddity("a column that never changes", ("7", "7", "7", "7")),
    Oddity("a blank column", ("", "", "", "")),
    Oddity("row numbers", tuple(str(i) for i in range(12))),
    Oddity("names, all different", tuple(f"name {i}" for i in range(12))),
    Oddity("an unnamed column", lines=(",z,y", "7,1,a", "3,2,b", "5,3,a")),
    Oddity("a column `id`", lines=("id,z,y", "7,1,a", "3,2,b", "5,3,a")),
    Oddity(
        "the same",
        lines=("id,z,y", "7,1,a", "3,2,b", "5,3,a"),
        choice=ColumnChoice(id="id"),
        options="`--id id`",
    ),
    Oddity("a row cut short", lines=("x,z,y", "0.5,1,a", "1.5,2,b", "2,3")),
    Oddity("a cell too many", lines=("x,z,y", "0.5,1,a", "1,5,2,b")),
    Oddity("two columns of one name", lines=("z,z,y", "7,1,a", "3,2,b")),
    Oddity("semicolons", lines=("x;z;y", "0,5;1;a", "1,5;2;b", "2;3;a")),
    Oddity("a first line `sep=;`", lines=("sep=;", "x;z;y", "0.5;1;a", "1.5;2;b", "2;3;a")),
    Oddity("spaces after commas", lines=("x, z, y", "0.5, 1, a", "1.5, 2, b", "2, 3, a")),
    Oddity(
        "Western European letters",
        lines=("x,z,y", "0.5,1,ä", "1.5,2,b", "2,3,ä"),
        encoding="cp1252",
    ),
    Oddity("labels, some blank", lines=("x,y", "0.5,a", "1.5,", "2,b")),
    Oddity("labels `NA`", lines=("x,y", "0.5,NA", "1.5,EU", "2,EU")),
    Oddity("labels `-1`", lines=("x,y", "0.5,-1", "1.5,1", "2,0")),
    Oddity(
        "the same",
        lines=("x,y", "0.5,-1", "1.5,1", "2,0"),
        choice=ColumnChoice(blank=("-1",)),
        options="`--blank -1`",
    ),
    Oddity("labels `0.5`", lines=("x,y", "0.5,0.5", "1.5,1", "2,0")),
    Oddity("no header but data", lines=("0.5,a", "1.5,b")),
    Oddity("no rows", lines=("x,y",)),
)


def describe(oddity: Oddity, folder: Path) -> str:
    """A line of the page: what is there, what is done with it, and what is said."""
    columns = (f'"{c}",{i % 5 / 10},{"ab"[i % 2]}' for i, c in enumerate(oddity.cells))
    lines = oddity.lines or ("x,z,y", *columns)
    file = folder / "t.csv"
    file.write_bytes(("\n".join(lines) + "\n").encode(oddity.encoding))
    try:
        found = user.load_table(file, label="y", choice=oddity.choice, form=oddity.form)
    except InputError as error:
        done, said = "refused", str(error)
    else:
        entries = ", ".join(f"`{name}`" for name in found.columns)
        classes = ", ".join(f"`{name}`" for name in found.classes)
        done, said = f"{entries}; classes {classes}", " ".join(found.notes)
    said = said.replace(f"{folder}/", "").replace("|", "\\|").replace("...", "…")
    title = f"{oddity.title}, {oddity.options}" if oddity.options else oddity.title
    return f"| {title} | {done} | {said} |"


def test_the_page_says_what_is_done(tmp_path: Path) -> None:
    lines = [describe(oddity, tmp_path) for oddity in ODDITIES]
    made = "\n".join(
        ("| in `x` | entries that a model sees | what is said |", "|---|---|---|", *lines)
    )
    text, _, _ = PAGE.read_text().partition(MARK)
    page = f"{text}{MARK}\n{made}\n"
    if os.environ.get("AUXGEN_WRITE_PAGES"):
        PAGE.write_text(page)
    assert PAGE.read_text() == page
