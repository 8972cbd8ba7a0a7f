"""Data that cannot be used: one sentence, before a run folder is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Command, assert_refused
from PIL import Image


def picture(file: Path, size: int = 8) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(file.name)).integers(0, 256, (size, size), dtype=np.uint8)
    Image.fromarray(pixels).save(file)


def pictures(folder: Path, labels: list[str], sizes: list[int] | None = None) -> Path:
    """Images 0.png, 1.png, ... and a metadata.csv with their labels, "" for blank."""
    lines = ["file_name,kind"]
    for i, label in enumerate(labels):
        picture(folder / f"{i}.png", sizes[i] if sizes else 8)
        lines.append(f"{i}.png,{label}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder


def empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def broken(folder: Path) -> Path:
    pictures(folder, ["cat", "dog"] * 4)
    (folder / "3.png").write_text("no image")
    return folder


FOLDERS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda f: f, "a folder with images is expected"),
    "empty": (empty, "has no images"),
    "sizes": (
        lambda f: pictures(f, ["cat", "dog", "cat", "dog"], [8, 8, 9, 8]),
        "give one size for all, such as --size 8",
    ),
    "column": (
        lambda f: pictures(f, ["cat", "dog"] * 2).rename(f.with_name("other")),
        "no metadata.csv column 'kidn'; did you mean 'kind'?",
    ),
    "unlabelled": (lambda f: pictures(f, [""] * 4), "No row of"),
    "one class": (lambda f: pictures(f, ["cat", "", "cat", ""]), "Only class 'cat'"),
    "one row": (lambda f: pictures(f, ["cat", "dog", "cat"]), "Class 'dog' has 1 labelled row"),
    "broken": (broken, "3.png is not an image"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_of_images(case: str, auxgen: Command, tmp_path: Path) -> None:
    make, words = FOLDERS[case]
    folder = make(tmp_path / "data")
    label = "kidn" if case == "column" else "kind"
    args = ("--data", folder, "--label", label, "--run", tmp_path / "run", "--device", "cpu")
    assert_refused(auxgen("train", "adgm.own", *args), words)
    assert not (tmp_path / "run").exists()


ROWS = "width,height,kind\n" + "1.5,2,a\n3,4.5,b\n" * 4

TABLES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "no label": (ROWS, (), "is a table; --label COLUMN is expected"),
    "column": (ROWS, ("--label", "knd"), "no own.csv column 'knd'; did you mean 'kind'?"),
    "infinite": (
        ROWS + "1,inf,a\n",
        ("--label", "kind"),
        "'height' of own.csv has 1 cell with an infinite",
    ),
    "drop": (ROWS, ("--label", "kind", "--drop", "hight"), "'hight'; did you mean 'height'?"),
    "id": (ROWS, ("--label", "kind", "--id", "no"), "no own.csv column 'no'"),
    "all": (ROWS, ("--label", "kind", "--drop", "width", "height"), "no columns beside the label"),
    "separator": (ROWS, ("--label", "kind", "--separator", ";;"), "expected one character"),
    "encoding": (ROWS, ("--label", "kind", "--encoding", "utf-80"), "no encoding 'utf-80'"),
    "decimal": (ROWS, ("--label", "kind", "--decimal", ":"), "--decimal takes"),
    "a slip": (ROWS + "1,2m,a\n", ("--label", "kind"), "holds numbers, but '2m' in row 9"),
    "unlabelled": ("width,kind\n1,\n2,\n", ("--label", "kind"), "No row of"),
    "one class": ("width,kind\n1,a\n2,\n3,a\n", ("--label", "kind"), "Only class 'a'"),
    "fraction": ("width,kind\n1,0.5\n2,1.5\n", ("--label", "kind"), "Column 'kind' of own.csv"),
    "only the label": ("kind\na\nb\n", ("--label", "kind"), "no columns beside the label"),
    "no rows": ("width,kind\n", ("--label", "kind"), "has no rows"),
    "nothing": ("", ("--label", "kind"), "a table with a header is expected"),
    "one name": ("a,a,kind\n1,2,b\n", ("--label", "kind"), "has 2 columns called 'a'"),
    "cut": ('a,kind\n"1,b\n', ("--label", "kind"), "EOF inside string"),
    "test part": (
        ROWS,
        ("--label", "kind", "--test-fraction", "1"),
        "test_fraction is 1.0; above 0 to below 1",
    ),
    "hidden": (ROWS, ("--label", "kind", "--hidden", "0"), "hidden is 0; 1 or more is expected"),
    "latent": (ROWS, ("--label", "kind", "--latent", "-1"), "latent is -1; 1 or more is expected"),
    "batch": (ROWS, ("--label", "kind", "--batch", "0"), "batch is 0; 1 to 10,000,000 is expected"),
    "steps": (ROWS, ("--label", "kind", "--steps", "-1"), "steps is -1; 1 or more is expected"),
    "rate": (ROWS, ("--label", "kind", "--lr", "-1"), "lr is -1.0; a number above 0 is expected"),
    "no rate": (
        ROWS,
        ("--label", "kind", "--lr", "nan"),
        "lr is nan; a number above 0 is expected",
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table(case: str, auxgen: Command, tmp_path: Path) -> None:
    text, options, words = TABLES[case]
    file = tmp_path / "own.csv"
    file.write_text(text)
    args = ("--data", file, *options, "--run", tmp_path / "run", "--device", "cpu")
    assert_refused(auxgen("train", "adgm.own", *args), words)
    assert not (tmp_path / "run").exists()


def test_a_table_that_is_missing(auxgen: Command, tmp_path: Path) -> None:
    args = ("--data", tmp_path / "no.csv", "--label", "kind", "--run", tmp_path / "run")
    assert_refused(auxgen("train", "adgm.own", *args), "is not there")
    assert_refused(auxgen("train", "adgm.own", "--run", tmp_path / "run"), "needs --data")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("vae.mnist", "--data", "minst"), "'minst'; did you mean 'mnist'?"),
        (("vae.mnist", "--batch", "0"), "batch is 0; 1 to 10,000,000 is expected."),
        (("adgm.digits", "--labels-per-class", "0"), "labels_per_class is 0; 1 or more"),
        (("adgm.digits", "--labels-per-class", "999"), "999 per class are expected"),
        (("adgm.half_moons", "--batch", "0"), "1 to 10,000,000 is expected"),
        (("adgm.digits", "--model", "vae"), "--model takes adgm, sdgm or m2, not 'vae'."),
        (("adgm.digits", "--device", "cuda:99"), "This machine has no device 'cuda:99'"),
    ],
)
def test_an_experiment_of_ours(
    args: tuple[str, ...], words: str, auxgen: Command, tmp_path: Path
) -> None:
    assert_refused(auxgen("train", *args, "--run", tmp_path / "run"), words)
    assert not (tmp_path / "run").exists()


def test_an_option_of_an_own_experiment_that_is_trains_own(auxgen: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def experiment(*, seed: int = 0, device: str = 'cpu'): ...\n")
    outcome = auxgen("train", file, "--run", tmp_path / "run")
    assert_refused(outcome, "has an option 'device', which is train's own; rename it.")


@pytest.mark.parametrize("command", ["predict", "embed", "reconstruct", "interpolate"])
def test_files_that_do_not_fit_a_model(
    command: str, auxgen: Command, eight: Path, tmp_path: Path
) -> None:
    picture(tmp_path / "large.png", 9)
    (tmp_path / "words.png").write_text("no image")
    (tmp_path / "words.csv").write_text("a,b\n1,two\n")
    (tmp_path / "words.doc").write_text("")
    np.save(tmp_path / "wide.npy", np.zeros((2, 65), np.float32))
    np.save(tmp_path / "nan.npy", np.full((2, 64), np.nan, np.float32))
    out = () if command == "predict" else ("--out", tmp_path / "out.csv")
    for name, words in {
        "large.png": "is 9 x 9 pixels, the model takes 8 x 8; --resize fits others",
        "words.png": "words.png is not an image; a PNG, JPEG or WebP file is expected.",
        "words.csv": "line 2 has 2 values",
        "words.doc": "cannot be read",
        "wide.npy": "holds (2, 65), but the model takes images of 8 x 8 pixels",
        "nan.npy": "not finite",
        "nowhere.png": "There is no file",
    }.items():
        assert_refused(auxgen(command, eight, tmp_path / name, *out), words)
    assert not (tmp_path / "out.csv").exists()


def test_an_image_of_another_size_is_resized_on_demand(
    auxgen: Command, eight: Path, tmp_path: Path
) -> None:
    picture(tmp_path / "large.png", 9)
    outcome = auxgen("predict", eight, tmp_path / "large.png", "--resize")
    assert outcome.status == 0
    assert outcome.out.startswith("large.png\t")
