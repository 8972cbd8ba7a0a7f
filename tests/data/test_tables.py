"""Tables: `auxgen.data.user.load_table`, right and wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas
import pytest
import torch

from auxgen.data import user as own
from auxgen.data.column_kinds import ColumnChoice
from auxgen.data.dataset import Dataset
from auxgen.data.table_files import TableFormat, read_table_file
from auxgen.errors import InputError

LINES = ("age,colour,smokes,kind", "3,red,True,b", "4.5,blue,False,", "5,red,True,a")


def write(file: Path, *lines: str, encoding: str = "utf-8") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return file


def load(file: Path, *lines: str, encoding: str = "utf-8", **more: Any) -> Dataset:
    return own.load_table(write(file, *lines, encoding=encoding), **{"label": "y", **more})


def test_numbers_stay_texts_become_entries_and_blank_labels_are_unlabelled(tmp_path: Path) -> None:
    found = own.load_table(write(tmp_path / "t.csv", *LINES), label="kind")
    texts = ("colour=blue", "colour=red", "smokes=False", "smokes=True")
    assert found.columns == ("age", *texts)
    truth = torch.tensor([[3, 0, 1, 0, 1], [4.5, 1, 0, 1, 0], [5, 0, 1, 0, 1]]).double()
    torch.testing.assert_close(found.x, truth, rtol=0, atol=0)
    assert (found.classes, found.y.tolist()) == (("a", "b"), [1, -1, 0])
    assert (found.kind, found.name, found.notes) == ("table", "t/train", ())


@pytest.mark.parametrize("suffix", ["tsv", "parquet", "feather", "xlsx"])
def test_a_file_of_another_kind_is_the_same_table(tmp_path: Path, suffix: str) -> None:
    sheet = write(tmp_path / "t.csv", *LINES)
    frame, file = pandas.read_csv(sheet), tmp_path / f"t.{suffix}"
    match suffix:
        case "tsv":
            frame.to_csv(file, sep="\t", index=False)
        case "xlsx":
            frame.to_excel(file, index=False)
        case _:
            getattr(frame, f"to_{suffix}")(file)
    first, second = (own.load_table(f, label="kind") for f in (sheet, file))
    assert first.fingerprint == second.fingerprint
    assert first.table == second.table


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (("1", "-1", "", "1"), ("-1", "1")),
        (("1.0", "2.0", "", "1.0"), ("1", "2")),  # whole numbers beside blanks, as pandas writes
        (("01", "1", "", "01"), ("1", "01")),
        (("NA", "None", "nan", ""), ("NA", "None", "nan")),
        (
            ("9007199254740993", "9007199254740992", "", ""),
            ("9007199254740992", "9007199254740993"),
        ),
        ((" a", "b ", "a", ""), ("a", "b")),
        (("TRUE", "False", "", "TRUE"), ("False", "TRUE")),
    ],
)
def test_labels_are_names_as_they_are_written(tmp_path: Path, labels: Any, classes: Any) -> None:
    lines = (f"{0.5 * i},{y}" for i, y in enumerate(labels))
    found = load(tmp_path / "t.csv", "x,y", *lines)
    assert set(found.classes) == set(classes)
    assert [c for c in found.y.tolist() if c >= 0] == [
        found.classes.index(y.strip().removesuffix(".0")) for y in labels if y
    ]


def test_a_label_that_may_mean_unknown_is_told_and_blank_on_request(tmp_path: Path) -> None:
    lines = ("x,y", "0.5,?", "1.5,a", "2,b", "3,?")
    found = load(tmp_path / "t.csv", *lines)
    assert found.classes == ("?", "a", "b")
    told = "2 of 4 rows are labelled '?', which is a class here: if it means unknown, say so by "
    assert found.notes == (f"{told}--blank '?'.",)
    blank = load(tmp_path / "t.csv", *lines, choice=ColumnChoice(blank=("?",)))
    assert (blank.classes, blank.y.tolist(), blank.notes) == (("a", "b"), [-1, 0, 1, -1], ())


@pytest.mark.parametrize(
    ("one", "other"),
    [("Cat", "cat"), ("1", "1.0"), ("1000", "1e3"), ("1", "01"), ("a b", "a_b"), ("é", "e\u0301")],
)
def test_classes_that_are_easily_taken_for_one_are_told(
    tmp_path: Path, one: str, other: str
) -> None:
    found = load(tmp_path / "t.csv", "x,y", f"1,{one}", f"2.5,{other}", "3,b")
    assert len(found.classes) == 3
    first, second = (c for c in found.classes if c != "b")
    assert found.notes == (
        f"Classes {first!r} and {second!r} differ only in how they are written; if they are "
        "one, write them alike.",
    )
    assert not load(tmp_path / "t.csv", "x,y", "1,3+", "2.5,3", "3,-3", "4,3-", "5,a1").notes


def test_splits_of_a_folder_agree_on_columns_and_classes(tmp_path: Path) -> None:
    write(tmp_path / "t" / "train.csv", "x,c,y", "1,red,a", "2,red,b")
    write(tmp_path / "t" / "test.csv", "y,x,c", "c,3,blue")
    train, test = (own.load_table(tmp_path / "t", label=None, split=s) for s in ("train", "test"))
    assert train.columns == test.columns
    test = own.load_table(tmp_path / "t", label="y", split="test")
    assert test.columns == ("x", "c=blue", "c=red")
    assert test.x.tolist() == [[3, 1, 0]]
    assert (test.classes, test.y.tolist()) == (("a", "b", "c"), [2])


@pytest.mark.parametrize(
    ("cells", "entries", "told"),
    [
        (["0.5", "1", "", "2"], ["x"], "Blank numbers are left out"),
        (["0.5", "1", "NA", "2"], ["x"], "1 cell among numbers taken as blank: 'NA'."),
        (["1,5", "2", "-3,25", "4"], ["x"], "numbers are taken to have a decimal comma."),
        (["1,500", "2", "3,250,000", "4"], ["x"], "numbers are taken to have commas that group"),
        (["1e-9", "2e-9", ".5", "-3."], ["x"], ""),
        (["red", "", "blue", "red"], ["x=blue", "x=red", "x="], ""),
        (["NA", "None", "nan", "NA"], ["x=NA", "x=None", "x=nan"], ""),
        (["yes", "NO", "no", "no"], ["x=no", "x=yes"], ""),
        (["TRUE", "false", "", "TRUE"], ["x=false", "x=TRUE", "x="], ""),
        (
            ["01", "1", "02", "01"],
            ["x=01", "x=1", "x=02"],
            "numbers such as '01' are taken as texts",
        ),
        (["0", "1", "3+", "3+", "2", "0"], ["x=0", "x=1", "x=2", "x=3+"], "are taken as texts"),
        (["1", "", "", "1"], ["x=1", "x="], ""),
        (["2024-02-28", "2024-03-01", "", "2024-02-29"], ["x"], "holds dates, which count as num"),
        (["2024-02-28 01:02:03", "2024-02-29T00:00", "2024-03-01", ""], ["x"], "holds dates"),
        (
            ["12:30", "11:00", "12:30", "11:00"],
            ["x=11:00", "x=12:30"],
            "such as '11:00' are taken as",
        ),
        (["5", "5", "5", "5"], [], "'x' is left out: it is always 5."),
        (["", "", "", ""], [], "'x' is left out: it is blank in every row."),
        ([str(i) for i in range(12)], [], "'x' is left out: it counts the rows"),
        ([str(i) for i in range(3, 15)], ["x"], ""),
        ([f"word {i}" for i in range(12)], [], "it has 12 different texts in 12 rows"),
        ([f"w{i % 300}" for i in range(900)], [], "has 300 different texts, more than 256"),
    ],
)
def test_what_becomes_of_a_column(
    tmp_path: Path, cells: list[str], entries: list[str], told: str
) -> None:
    rows = (f'"{cell}",{i % 7 / 10},{"ab"[i % 2]}' for i, cell in enumerate(cells))
    found = load(tmp_path / "t.csv", "x,z,y", *rows)
    assert sorted(found.columns) == sorted([*entries, "z"])
    assert told in " ".join(found.notes)
    assert bool(told) == bool(found.notes)


@pytest.mark.parametrize("name", ["id", "Row_ID", "customerId", "", "index", "uuid"])
def test_a_column_that_names_the_rows_is_left_out(tmp_path: Path, name: str) -> None:
    ids = (907, 4, 33, 12)
    found = load(tmp_path / "t.csv", f"{name},x,y", *(f"{i},{i % 3},{'ab'[i % 2]}" for i in ids))
    assert found.columns == ("x",)
    column = name or "Unnamed: 0"
    assert found.notes == (
        f"Column {column!r} is left out: it names the rows; --id {column!r} keeps it beside "
        "predictions.",
    )
    chosen = ColumnChoice(columns=(column,))
    assert own.load_table(tmp_path / "t.csv", label="y", choice=chosen).columns == (column,)


def test_columns_are_dropped_kept_as_id_or_chosen(tmp_path: Path) -> None:
    lines = ("a,b,c,y", "1.5,2,3,u", "2,2.5,4,v", "3,4,1,u")
    for choice, columns in (
        (ColumnChoice(drop=("a",)), ("b", "c")),
        (ColumnChoice(id="b"), ("a", "c")),
        (ColumnChoice(columns=("c", "a"), drop=("a",)), ("c",)),
    ):
        found = load(tmp_path / "t.csv", *lines, choice=choice)
        assert found.columns == columns
        assert found.table is not None
        assert found.table.id == choice.id
        assert found.notes == ()


@pytest.mark.parametrize("choice", [ColumnChoice(id="y"), ColumnChoice(drop=("y", "a"))])
def test_a_label_that_is_named_again_is_told(tmp_path: Path, choice: ColumnChoice) -> None:
    found = load(tmp_path / "t.csv", "a,b,y", "1.5,2,u", "2,2.5,v", "3,4,u", choice=choice)
    assert found.columns == tuple(name for name in ("a", "b") if name not in choice.drop)
    assert found.notes == ("Column 'y' is the label; naming it elsewhere changes nothing.",)


@pytest.mark.parametrize(
    ("lines", "form", "told"),
    [
        (("a;x;y", "1;2,5;u", "2;3,5;v", "4;1,25;v"), TableFormat(), "separated by a semicolon"),
        (("a\tx\ty", "1\t2.5\tu", "2\t3\tv", "4\t2\tv"), TableFormat(), "separated by a tab"),
        (("sep=;", "a;x;y", "1;2,5;u", "2;3;v", "4;2;v"), TableFormat(), ""),
        (("SEP=:", "a:x:y", "1:2.5:u", "2:3:v", "4:2:v"), TableFormat(), ""),
        (("a, x, y", '1, "2.5", u', "2, 3, v", "4, 2, v"), TableFormat(), ""),
        (("a:x:y", "1:2.5:u", "2:3:v", "4:2:v"), TableFormat(separator=":"), ""),
        (("a,x,y", '1,"2,500",u', "2,3,v", "4,2,v"), TableFormat(decimal=","), ""),
    ],
)
def test_separators_and_decimal_signs(
    tmp_path: Path, lines: tuple[str, ...], form: TableFormat, told: str
) -> None:
    found = load(tmp_path / "t.csv", *lines, form=form)
    assert found.columns == ("a", "x")
    assert found.x[0].tolist() == [1, 2.5]
    assert told in " ".join(found.notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    lines = ("grün,y", "1,ä", "2,ö", "3.5,ä")
    found = load(tmp_path / "t.csv", *lines, encoding=encoding)
    assert (found.columns, found.classes) == (("grün",), ("ä", "ö"))
    assert len(found.notes) == (encoding == "cp1252")
    named = load(tmp_path / "t.csv", *lines, encoding=encoding, form=TableFormat(encoding=encoding))
    assert (named.fingerprint, named.notes) == (found.fingerprint, ())


def test_two_files_of_one_split_are_refused_and_a_column_that_one_lacks_is_told(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "t"
    write(folder / "train.csv", "x,y", "1,a", "2,b")
    write(folder / "test.csv", "x", "1", "2")
    with pytest.raises(
        InputError, match=r"^Column 'y' is in train.csv and not in test.csv of .*t;"
    ):
        own.load_table(folder, label="y")
    write(folder / "test.csv", "x,y", "1,", "2,")
    assert own.load_table(folder, label="y", split="test").y.tolist() == [-1, -1]
    for name in ("train.tsv", "Training.csv"):
        write(folder / name, "x,y", "1,a", "2,b")
        with pytest.raises(InputError, match=r"t has the files .* which mean the same split; one"):
            own.load_table(folder, label="y")
        (folder / name).unlink()


@pytest.mark.parametrize(
    "cells",
    [
        ("10%", "20%", "5%", "7.5%"),
        ("$10", "$20", "$5", "$1,000"),
        ("10 cm", "20cm", "5 cm", "7.5 cm"),
        ("1 000", "2 500", "3 000", "10 000"),
        ("1'000", "2'500", "3'000", "10'000"),
        ("−1", "−2.5", "−3", "−7"),
        ("09:30", "10:00", "11:15", "23:59"),
        ("0.7", "0.9", "n.d.", "n.d.", "n.d.", "n.d."),
    ],
)
@pytest.mark.parametrize("times", [1, 12])
def test_numbers_that_are_taken_as_texts_are_told(
    tmp_path: Path, cells: tuple[str, ...], times: int
) -> None:
    rows = [f"{i % 3};{c};{'ab'[i % 2]}" for i, c in enumerate(cells * times)]
    notes = load(tmp_path / "t.csv", "x;z;y", *rows).notes
    assert any(n.startswith("Column 'z': ") and "are taken as texts" in n for n in notes), notes


@pytest.mark.parametrize(
    "cells",
    [("p1", "p2", "p3"), ("10-20", "20-30", "30-40"), ("1a", "2b", "3c"), ("<5 mg", "5 mg", "9 g")],
)
def test_texts_that_have_digits_are_no_numbers(tmp_path: Path, cells: tuple[str, ...]) -> None:
    rows = [f"{i % 3},{c},{'ab'[i % 2]}" for i, c in enumerate(cells * 4)]
    assert not load(tmp_path / "t.csv", "x,z,y", *rows).notes


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";"])
def test_a_row_cut_short_is_told_and_one_that_is_too_long_refused(
    tmp_path: Path, mark: str, end: str
) -> None:
    lines = ("x,z,y", "1,u,a", "", "2,v", "3,u,b", '4,"v\n",b', ",,", "7")
    text = end.join(lines).replace(",", mark)
    (tmp_path / "t.csv").write_text(text, newline="")
    found = own.load_table(tmp_path / "t.csv", label="y")
    assert found.y.tolist() == [0, -1, 1, 1, -1]
    assert (
        "t.csv: 2 of 6 rows have fewer cells than the header, the first row 2; what is missing is "
        "taken as blank." in found.notes
    )
    (tmp_path / "t.csv").write_text(text + end + mark.join("12345"), newline="")
    with pytest.raises(InputError, match=r"^t.csv has 5 cells in row 7, and 3 in its header; "):
        own.load_table(tmp_path / "t.csv", label="y")


@pytest.mark.parametrize(
    ("lines", "label", "said"),
    [
        (LINES, "knid", "There is no t.csv column 'knid'; did you mean 'kind'?"),
        (LINES, "", "There is no t.csv column ''; known are "),
        (
            ("x,y", "1,a", "inf,a"),
            "y",
            "Column 'x' of t.csv has 1 cell with an infinite number, the ",
        ),
        (
            ("x,y", "1,a", "1e999,a"),
            "y",
            "Column 'x' of t.csv has 1 cell with an infinite number, ",
        ),
        (
            ("x,y", "1,a", "2,b", "2m,b"),
            "y",
            "Column 'x' of t.csv holds numbers, but '2m' in row 3; expected numbers alone: if it "
            "means unknown, say so by --blank '2m'.",
        ),
        (
            ("x,y", '"1,500",a', '"2,250",b'),
            "y",
            "Column 'x' of t.csv holds numbers such as '1,500', whose comma may be a decimal sign "
            "or group thousands; say which by --decimal , or --decimal .",
        ),
        (
            ("x,y", "3/4/2024,a", "5/6/2024,b", "7/8/2024,b"),
            "y",
            "Column 'x' of t.csv holds dates such as '3/4/2024', whose parts cannot be told apart ",
        ),
        (
            ("x,y", "1,0.5", "2,1"),
            "y",
            "Column 'y' of t.csv: Label 0.5 is no class; strings or whole numbers are expected.",
        ),
        (("x,y", "1,", "2,"), "y", "No row of t/train is labelled; "),
        (("x,y", "1,a", "2,a"), "y", "Only class 'a' of t/train is labelled; "),
        (("y", "a", "b"), "y", "t.csv has no columns beside the label that can be learned from; "),
        (("x,y", "1,a", "1,b"), "y", "t.csv has no columns beside the label that can be learned "),
        (("x,x,y", "1,2,a"), "y", "'t.csv' has 2 columns called 'x'; expected one: rename the "),
    ],
)
def test_tables_that_cannot_be_used_are_told(
    tmp_path: Path, lines: tuple[str, ...], label: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        own.load_table(write(tmp_path / "t.csv", *lines), label=label)
    assert str(caught.value).startswith(said)


def test_files_that_are_no_tables_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^A table \(.csv.* is expected; .*t.csv is not there"):
        own.load_table(tmp_path / "t.csv", label="y")
    with pytest.raises(InputError, match=r" has no such file\.$"):
        own.load_table(tmp_path, label="y")
    with pytest.raises(InputError, match=r"t.csv has no rows; one or more is expected\.$"):
        own.load_table(write(tmp_path / "t.csv", "x,y"), label="y")
    (tmp_path / "t.csv").write_bytes(b"")
    with pytest.raises(InputError, match=r"t.csv is empty; a table with a header is expected\.$"):
        own.load_table(tmp_path / "t.csv", label="y")
    for suffix in ("parquet", "feather", "xlsx"):
        with pytest.raises(InputError, match=rf"t.{suffix} (cannot be read \(|is no Excel file)"):
            own.load_table(write(tmp_path / f"t.{suffix}", "no table"), label="y")
    with pytest.raises(InputError, match=r"t.tsv holds bytes that are no text"):
        own.load_table(write(tmp_path / "t.tsv", "a\0b"), label="y")


@pytest.mark.parametrize("end", [2**30, -(2**30), 7])
def test_a_damaged_file_whose_texts_lie_outside_of_it_is_refused(tmp_path: Path, end: int) -> None:
    from pyarrow import feather, table

    file = tmp_path / "t.feather"
    feather.write_feather(
        table({"word": ["a", "bb", "ccc"]}), str(file), compression="uncompressed"
    )
    content = file.read_bytes()
    ends = b"".join(place.to_bytes(4, "little") for place in (0, 1, 3, 6))
    assert content.count(ends) == 1
    file.write_bytes(content.replace(ends, ends[:-4] + end.to_bytes(4, "little", signed=True)))
    with pytest.raises(InputError, match="cannot be read"):
        read_table_file(file)
