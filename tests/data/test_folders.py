"""Folders as they are: links, hidden files, splits, sheets, names of all kinds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from data.picture_files import describe, put
from PIL import Image

from auxgen.data import user
from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.data.folders import find_image_splits
from auxgen.data.frame import Frame
from auxgen.data.inputs import read_rows
from auxgen.errors import InputError

SPACE = Preprocessor("images", (1, 2, 2), frame=Frame())


def name_labels(found: Dataset) -> list[str]:
    """The label of each row, by name."""
    return [found.classes[y] if y >= 0 else "" for y in found.y.tolist()]


def refuse(folder: Path) -> str:
    """The sentence with which a folder is refused."""
    with pytest.raises(InputError) as caught:
        user.load_image_folder(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{folder.parent}/", "")


def test_links_to_folders_and_files_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "dogs/1.png", "one.png")
    zoo = put(tmp_path / "zoo", "bird/1.png", "cat/1.png")
    (zoo / "dog").symlink_to(tmp_path / "elsewhere" / "dogs")
    (zoo / "cat" / "2.png").symlink_to(tmp_path / "elsewhere" / "one.png")
    found = user.load_image_folder(zoo)
    assert name_labels(found) == ["bird", "cat", "cat", "dog"]
    assert read_rows([zoo], SPACE).names == (
        "bird/1.png",
        "cat/1.png",
        "cat/2.png",
        "dog/1.png",
    )
    put(tmp_path / "elsewhere", "dogs/2.png")
    assert len(user.load_image_folder(zoo)) == 5  # what a link leads to may change


def test_links_that_lead_back_or_nowhere_are_left_out_and_told(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "cat/1.png", "dog/1.png")
    (zoo / "cat" / "up").symlink_to(zoo)
    (zoo / "dog" / "self").symlink_to(zoo / "dog", target_is_directory=True)
    (zoo / "dog" / "lost.png").symlink_to(tmp_path / "none.png")
    notes = (
        "2 links that lead back to a folder above (the first: cat/up) are left out.",
        "dog/lost.png is left out: it is one of the links that lead nowhere.",
    )
    found = user.load_image_folder(zoo)
    assert name_labels(found) == ["cat", "dog"]
    assert found.notes == read_rows([zoo], SPACE).notes == notes


def test_hidden_and_foreign_files_are_left_out_and_told(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "cat/1.png", "dog/1.png", ".trash/2.png", ".cache/a/3.png")
    put(zoo, "__MACOSX/cat/1.png", "cat/@eaDir/thumb.png", "cat/.ipynb_checkpoints/1.png")
    for name in ("cat/._1.png", "dog/.hidden.jpg", "photo.HEIC", "notes.txt", "Thumbs.db"):
        (zoo / name).write_bytes(b"\0\5\x16\7")
    found = user.load_image_folder(zoo)
    assert name_labels(found) == ["cat", "dog"]
    assert (
        found.notes
        == read_rows([zoo], SPACE).notes
        == (
            "2 hidden pictures (the first: cat/._1.png) are left out.",
            "2 folders that a system made (the first: __MACOSX) are left out.",
            "photo.HEIC is left out: it is one of the pictures of a kind that is not read.",
        )
    )


@pytest.mark.parametrize(
    "classes",
    [
        ("__other__", "cat"),
        ("__init__", "_"),
        ("NA", "None", "nan", "null"),
        ("01", "1", "001"),
        ("a, b", 'c "d"', "e;f"),
        ("x.png", "y.csv"),
        ("été", "犬", "😀"),
        ("-1", "0"),
        ("true", "false"),
        ("bus", "car", "train"),
        ("Train", "bus"),
        ("validate", "trainer", "tests"),
    ],
)
def test_a_folder_is_a_class_whatever_its_name(tmp_path: Path, classes: tuple[str, ...]) -> None:
    zoo = put(tmp_path / "zoo", *(f"{name}/{i}.png" for name in classes for i in range(2)))
    found = user.load_image_folder(zoo)
    assert set(found.classes) == set(classes)
    rows = read_rows([zoo], SPACE)
    assert [name.rpartition("/")[0] for name in rows.names] == name_labels(found)


def test_classes_that_mean_one_number_have_one_order(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", *(f"{name}/a.png" for name in ("1", "01", "001", "2", "10")))
    assert user.load_image_folder(zoo).classes == ("001", "01", "1", "2", "10")


def test_a_class_called_train_is_told(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "bus/1.png", "car/1.png", "train/1.png")
    assert user.load_image_folder(zoo).notes == (
        "Folder train is taken for a class, as it lies beside bus, car and has no folders of its "
        "own.",
    )
    assert list(find_image_splits(zoo)) == ["train"]


def test_splits_stay_splits_and_what_lies_beside_is_told(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "train/a/1.png", "train/b/1.png", "val/a/1.png", "extra/1.png")
    put(zoo, "loose.png")
    found = user.load_image_folder(zoo)
    assert name_labels(found) == ["a", "b"]
    assert found.notes == (
        "extra is left out: it lies beside the splits train, val.",
        "loose.png is left out: it lies beside the splits train, val.",
    )
    assert name_labels(user.load_image_folder(zoo, split="valid")) == ["a"]


@pytest.mark.parametrize("names", [("test",), ("train", "test"), ("val",)])
def test_a_split_beside_class_folders_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    zoo = put(tmp_path / "zoo", "cat/1.png", "dog/1.png", *(f"{name}/1.png" for name in names))
    assert refuse(zoo).startswith(
        f"zoo has {' and '.join(sorted(names))}, by name a split, beside cat, dog: put class "
    )


def test_two_names_of_one_split_are_refused(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "train/a/1.png", "val/a/1.png", "validation/a/1.png")
    assert refuse(zoo) == (
        "zoo has the folders val and validation, which mean the same split; one of them is "
        "expected."
    )


def test_unlabelled_splits_and_unlabelled_folders(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "train/1.png", "test/1.png", "unlabelled/1.png")
    assert set(find_image_splits(zoo)) == {"train", "test"}
    put(zoo, "train/cat/1.png", "train/unlabelled/1.png")
    assert name_labels(user.load_image_folder(zoo)) == ["", "cat", ""]


def test_the_class_of_nested_folders_is_the_first_and_told(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "cat/old/1.png", "dog/1.png")
    found = user.load_image_folder(zoo)
    assert name_labels(found) == ["cat", "dog"]
    assert found.notes == (
        "A picture in folders of a class folder has the class of the first: cat/old/1.png is of "
        "class 'cat'.",
    )


def test_endings_in_capitals_and_netpbm_are_read_alike(tmp_path: Path) -> None:
    zoo = tmp_path / "zoo"
    zoo.mkdir()
    for name in ("a.PNG", "b.JPG", "c.Jpeg", "d.PGM", "e.ppm", "f.TIF", "g.pnm", "h.BMP"):
        kind = {"JPG": "JPEG", "JPEG": "JPEG", "TIF": "TIFF", "BMP": "BMP", "PNG": "PNG"}
        form = kind.get(name.rpartition(".")[2].upper(), "PPM")
        Image.fromarray(np.full((2, 2), 9, np.uint8)).save(zoo / name, format=form)
    assert len(user.load_image_folder(zoo)) == len(read_rows([zoo], SPACE).names) == 8


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of bytes that are not UTF-8")
def test_names_that_are_not_utf8_are_escaped(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "a/1.png", "b/1.png")
    os.rename(os.fsencode(zoo / "a"), os.fsencode(zoo) + b"/caf\xe9")
    os.rename(os.fsencode(zoo / "b" / "1.png"), os.fsencode(zoo / "b") + b"/na\xefve\n.png")
    found = user.load_image_folder(zoo)
    assert found.classes == ("b", "caf\\xe9")
    rows = read_rows([zoo], SPACE)
    assert rows.names == ("b/na\\xefve\\n.png", "caf\\xe9/1.png")
    assert "".join(rows.names).encode()


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    return put(tmp_path / "zoo", "1.png", "2.png", "deep/3.png")


@pytest.mark.parametrize("name", ["metadata.csv", "labels.csv", "metadata.tsv", "LABELS.CSV"])
@pytest.mark.parametrize("column", ["file_name", "filename", "file", "image", "path", "File Name"])
def test_a_sheet_is_found_by_its_name_and_its_column_of_files(
    zoo: Path, name: str, column: str
) -> None:
    mark = "\t" if name.endswith("tsv") else ","
    lines = (mark.join(line) for line in [(column, "label"), ("2.png", "NA"), ("1.png", "01")])
    describe(zoo, *lines, name=name)
    found = user.load_image_folder(zoo)
    assert name_labels(found) == ["01", "NA", ""]
    assert found.notes == (
        f"deep/3.png is not named in {name}: it has no label.",
        f"1 of 2 pictures in {name} are labelled 'NA', which is a class here: if it means unknown, "
        "leave these cells blank.",
    )


def test_a_column_is_known_by_the_pictures_that_it_names(zoo: Path) -> None:
    describe(zoo, "id,photo,label", "1.png?,1.png,a", "2,2.png,b", "3,deep/3.png,a")
    found = user.load_image_folder(zoo)
    assert name_labels(found) == ["a", "b", "a"]
    assert "metadata.csv: column 'photo' is taken for the names of the pictures." in found.notes
    describe(zoo, "image,path,label", "x,1.png,a", "y,2.png,b", "z,deep/3.png,a")
    assert name_labels(user.load_image_folder(zoo)) == ["a", "b", "a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_sheet_is_read_in_its_encoding_with_its_separator(
    zoo: Path, encoding: str, mark: str
) -> None:
    rows = (("file_name", "label"), ("1.png", "käfer"), ("2.png", "à, b" if mark != "," else "à"))
    describe(zoo, *(mark.join(row) for row in rows), encoding=encoding)
    found = user.load_image_folder(zoo)
    assert name_labels(found) == [rows[1][1], rows[2][1], ""]
    guessed = any("UTF-8" in note for note in found.notes)
    assert guessed == (encoding in ("latin-1", "cp1252"))


@pytest.mark.parametrize("again", ["1.png", "./1.png", "deep/../1.png", ".\\1.png"])
def test_a_picture_named_twice_is_refused(zoo: Path, again: str) -> None:
    describe(zoo, "file_name,label", "1.png,a", "2.png,b", f"{again},b")
    assert refuse(zoo) == (
        f"zoo/metadata.csv names {again!r} twice, in rows 1 and 3 below the header; each picture "
        "once is expected."
    )


def test_backslashes_and_accents_of_two_kinds_find_their_file(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "deep/1.png", "e\u0301te\u0301.png")
    describe(zoo, "file_name,label", "deep\\1.png,a", "\u00e9t\u00e9.png,b")
    assert name_labels(user.load_image_folder(zoo)) == ["a", "b"]


def test_sheets_that_contradict_each_other_are_refused(zoo: Path) -> None:
    describe(zoo, "file_name,label", "1.png,a")
    describe(zoo, "file_name,label", "1.png,b", name="labels.csv")
    assert "labels.csv and metadata.csv, which describe the same pictures" in refuse(zoo)
    (zoo / "labels.csv").unlink()
    describe(zoo, "file_name,label,label", "1.png,a,b")
    assert "two columns 'label'" in refuse(zoo)
    put(zoo.parent / "both", "train/1.png")
    describe(zoo.parent / "both", "file_name,label", "train/1.png,a")
    describe(zoo.parent / "both" / "train", "file_name,label", "1.png,a")
    assert "Two sheets of both name 'train/1.png'" in refuse(zoo.parent / "both")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"file_name,label\n",
        b"file_name,label\n1.png,a,b,c\n",
        b"file_name,label\n\0,a\n",
        b'file_name,label\n"1.png,a\n',
        b"\xff\xfe\x00",
        b"file_name\n7.png\n",
        b"file_name,label\n,a\n",
        b"\x89PNG\r\n",
    ],
)
def test_a_sheet_that_cannot_be_used_is_refused_by_name(zoo: Path, text: bytes) -> None:
    (zoo / "metadata.csv").write_bytes(text)
    assert "metadata.csv" in refuse(zoo)


def test_columns_that_are_not_used_are_told(zoo: Path) -> None:
    describe(
        zoo, "file_name,species,weight,tail", "1.png,a,3.5,0", "2.png,b,4,1", "deep/3.png,a,2,"
    )
    found = user.load_image_folder(zoo)
    assert found.attribute_names == ("tail",)
    assert found.notes == (
        "metadata.csv: species, weight left out, being neither the label nor of 0 and 1 alone.",
        "metadata.csv has no column label, and none was named: no picture has a label.",
    )
    assert name_labels(user.load_image_folder(zoo, label="species")) == ["a", "b", "a"]


@pytest.mark.parametrize("cells", [("1.0", "0.0"), ("yes", "no"), ("TRUE", "False"), ("1", "NA")])
def test_answers_are_attributes_however_they_are_written(zoo: Path, cells: tuple[str, str]) -> None:
    """As pandas writes a column of 0 and 1 with blanks, and as people do."""
    describe(
        zoo,
        "file_name,tail,unsure",
        f"1.png,{cells[0]},?",
        f"2.png,{cells[1]},?",
        "deep/3.png,,",
    )
    found = user.load_image_folder(zoo)
    assert found.attribute_names == ("tail",)
    blank = float("nan")
    truth = [1.0, blank if cells[1] == "NA" else 0.0, blank]
    assert found.attributes is not None
    np.testing.assert_array_equal(found.attributes.flatten().numpy(), truth)
    told = "Column 'tail' of metadata.csv: 1 cell among answers taken as blank: 'NA'."
    assert (told in found.notes) == (cells[1] == "NA")


def test_labels_of_a_sheet_are_read_as_those_of_a_table(zoo: Path) -> None:
    describe(zoo, "file_name,label", "1.png,1.0", "2.png,2.0", "deep/3.png,")
    assert name_labels(user.load_image_folder(zoo)) == ["1", "2", ""]
    describe(zoo, "file_name,label", "1.png,0.5", "2.png,1", "deep/3.png,")
    assert "Column 'label' of metadata.csv: Label 0.5 is no class; " in refuse(zoo)
    describe(zoo, "file_name,label", "1.png,-1", "2.png,unknown", "deep/3.png,-1")
    found = user.load_image_folder(zoo)
    assert found.classes == ("-1", "unknown")
    assert (
        "2 of 3 pictures in metadata.csv are labelled '-1', which is a class here: if it means "
        "unknown, leave these cells blank." in found.notes
    )
    assert any("labelled 'unknown'" in note for note in found.notes)


@pytest.mark.parametrize("name", ["1", "1.PNG", "1.jpg", "C:\\me\\1.png", "elsewhere/1.png"])
def test_a_name_that_is_nearly_that_of_a_picture_is_answered_with_it(zoo: Path, name: str) -> None:
    describe(zoo, "file_name,label", f"{name},a", "2.png,b")
    assert refuse(zoo).endswith("images below its folder are expected, such as '1.png'.")


def test_sheets_and_folders_that_are_not_used_are_told(tmp_path: Path) -> None:
    zoo = put(tmp_path / "zoo", "cat/1.png", "dog/1.png")
    (zoo / "emu").mkdir()
    (zoo / "animals.csv").write_text("file_name,label\ncat/1.png,cat\n")
    assert user.load_image_folder(zoo).notes == (
        "Folder emu has no pictures, and is no class.",
        "animals.csv is not read: a sheet that describes the pictures is called metadata.csv or "
        "labels.csv.",
    )


def test_a_run_among_the_pictures_is_no_class(tmp_path: Path) -> None:
    """With --data . --run runs/mine its own pictures would become data when it is reported."""
    zoo = put(tmp_path / "zoo", "cat/1.png", "dog/1.png")
    before = user.load_image_folder(zoo)
    for run in ("mine", "runs/other"):
        put(zoo, f"{run}/pictures/1.png")
        (zoo / run / "run.json").write_text("{}")
    after = user.load_image_folder(zoo)
    assert (after.classes, after.fingerprint) == (before.classes, before.fingerprint)
    assert "2 runs of auxgen (the first: mine) are left out." in after.notes
