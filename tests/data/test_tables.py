"""Tables: `auxgen.data.user.table`, right and wrong."""

from __future__ import annotations

from pathlib import Path

import pandas
import pytest
import torch

from auxgen.data import user as own
from auxgen.errors import InputError

LINES = ("age,colour,smokes,kind", "3,red,True,b", "4.5,blue,False,", "5,red,True,a")


def write(file: Path, *lines: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    return file


def test_numbers_stay_texts_become_columns_and_blank_labels_are_unlabelled(tmp_path: Path) -> None:
    found = own.load_table(write(tmp_path / "t.csv", *LINES), label="kind")
    assert found.columns == ("age", "colour=blue", "colour=red", "smokes")
    truth = torch.tensor([[3, 0, 1, 1], [4.5, 1, 0, 0], [5, 0, 1, 1]])
    torch.testing.assert_close(found.x, truth)
    assert (found.classes, found.y.tolist()) == (("a", "b"), [1, -1, 0])
    assert (found.kind, found.name) == ("table", "t/train")


def test_a_parquet_file_is_the_same_table(tmp_path: Path) -> None:
    sheet = write(tmp_path / "t.csv", *LINES)
    pandas.read_csv(sheet).to_parquet(tmp_path / "t.parquet")
    first, second = (own.load_table(tmp_path / f"t.{s}", label="kind") for s in ("csv", "parquet"))
    assert first.fingerprint == second.fingerprint


def test_whole_number_labels_keep_their_names_also_beside_blanks(tmp_path: Path) -> None:
    sheet = write(tmp_path / "t.csv", "x,y", "0.5,1", "1.5,-1", "2.5,", "0,1")
    found = own.load_table(sheet, label="y")
    assert (found.classes, found.y.tolist()) == (("-1", "1"), [1, 0, -1, 1])


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
    ("lines", "label", "said"),
    [
        (LINES, "knid", "There is no t.csv column 'knid'; did you mean 'kind'?"),
        (
            ("x,y", "1,a", ",b", "inf,a"),
            "y",
            "t.csv has 2 blank, NaN or infinite cells, the first in row 2, column 'x'; "
            "numbers are expected.",
        ),
        (
            ("x,y", "red,a", ",b"),
            "y",
            "t.csv has 1 blank cells in column 'x', the first in row 2; "
            "a text in each is expected.",
        ),
        (
            ("x,y", "1,a", "2,b", "?,b"),
            "y",
            "Column 'x' of t.csv holds numbers, but '?' in row 3; numbers alone are expected.",
        ),
        (
            ("x,y", *(f"word{i},a" for i in range(300))),
            "y",
            "Column 'x' of t.csv holds 300 different texts; numbers, or 256 texts at most, "
            "are expected: drop it.",
        ),
        (
            ("x,y", "1,0.5", "2,1"),
            "y",
            "Column 'y' of t.csv: Label 0.5 is no class; strings or whole numbers are expected.",
        ),
        (("x,y", "1,", "2,"), "y", "No row of t/train is labelled; "),
        (("x,y", "1,a", "2,a"), "y", "Only class 'a' of t/train is labelled; "),
        (("y", "a", "b"), "y", "t.csv has no columns beside the label; one or more is expected."),
    ],
)
def test_tables_that_cannot_be_used_are_told(
    tmp_path: Path, lines: tuple[str, ...], label: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        own.load_table(write(tmp_path / "t.csv", *lines), label=label)
    assert str(caught.value).startswith(said)


def test_files_that_are_no_tables_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"^A CSV or parquet file is expected; .*t.csv is not there"
    ):
        own.load_table(tmp_path / "t.csv", label="y")
    with pytest.raises(InputError, match=r" has no such file\.$"):
        own.load_table(tmp_path, label="y")
    with pytest.raises(InputError, match=r"t.csv has no rows; one or more is expected\.$"):
        own.load_table(write(tmp_path / "t.csv", "x,y"), label="y")
    (tmp_path / "t.csv").write_bytes(b"")
    with pytest.raises(InputError, match=r"t.csv cannot be read \(No columns"):
        own.load_table(tmp_path / "t.csv", label="y")
    with pytest.raises(InputError, match=r"t.parquet cannot be read \("):
        own.load_table(write(tmp_path / "t.parquet", "no parquet"), label="y")
