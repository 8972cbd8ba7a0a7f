"""A person's own table, from the command line's training to every command that takes it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Command, assert_refused, left_with

from auxgen.data.cells import list_texts, parse_numbers
from auxgen.data.table_files import TABLE_SUFFIXES, read_table_file

LINES = [
    "who;a;b;colour;day;ok;label",
    *(
        f"p{i};{i % 2 * 3 + i % 7 / 10};{i % 5 - 2};{('red', 'blue', '')[i % 3]};"
        f"2024-01-{i % 28 + 1:02};{('yes', 'no')[i % 4 // 2]};{('NA', 'EU', '')[i % 3]}"
        for i in range(36)
    ),
]
LINES[4] = LINES[4].replace(";-2;", ";;").replace(";1;", ";;")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run, and the file that it was trained on."""
    folder = tmp_path_factory.mktemp("own")
    file = folder / "t.csv"
    file.write_text("\n".join(LINES) + "\n")
    small = ["--steps", "20", "--hidden", "8", "--latent", "2", "--device", "cpu"]
    choice = ["--data", str(file), "--label", "label", "--id", "who"]
    assert left_with(["train", "adgm.own", *choice, *small, "--run", str(folder / "run")]) == 0
    return folder / "run", file


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def list_cells(cells: np.ndarray) -> list[str | float]:
    """The cells of a column, those that are numbers as numbers."""
    texts = list_texts(cells)
    values = parse_numbers(np.array(texts, dtype=object), ".").values.tolist()
    return [text if value != value else value for text, value in zip(texts, values, strict=True)]


def test_predictions_carry_the_id_and_the_number_of_the_row(
    trained: tuple[Path, Path], auxgen: Command, tmp_path: Path
) -> None:
    run, file = trained
    outcome = auxgen("predict", run, file, "--out", tmp_path / "p.csv")
    assert outcome.status == 0
    assert "separated by a semicolon" in outcome.err
    found = read(tmp_path / "p.csv")
    assert [(row["name"], row["who"]) for row in found[:2]] == [
        ("t.csv:1", "p0"),
        ("t.csv:2", "p1"),
    ]
    assert {row["class"] for row in found} <= {"NA", "EU"}


def test_rows_come_back_as_rows_of_the_table(
    trained: tuple[Path, Path], auxgen: Command, tmp_path: Path
) -> None:
    run, file = trained
    assert auxgen("sample", run, "--n", "5", "--out", tmp_path / "s.csv").status == 0
    assert auxgen("reconstruct", run, file, "--out", tmp_path / "r.csv").status == 0
    for name, count in (("s.csv", 5), ("r.csv", 72)):
        rows = read(tmp_path / name)
        assert len(rows) == count
        assert [*rows[0]] == ["a", "b", "colour", "day", "ok"] + ["label"] * (name == "s.csv")
        assert {row.get("label", "NA") for row in rows} <= {"NA", "EU"}
        assert {row["colour"] for row in rows} <= {"red", "blue", ""}
        assert all(not row["b"] or int(row["b"]) == float(row["b"]) for row in rows)
        assert all(len(row["day"]) == len("2024-01-01") for row in rows)
        assert auxgen("predict", run, tmp_path / name).status == 0


def test_blank_cells_are_filled_in(
    trained: tuple[Path, Path], auxgen: Command, tmp_path: Path
) -> None:
    run, file = trained
    before = [dict(zip(LINES[0].split(";"), line.split(";"), strict=True)) for line in LINES[1:]]
    for way in ("--mean", "--no-mean"):
        outcome = auxgen("fill", run, file, way, "--draws", "50", "--out", tmp_path / "f.csv")
        assert outcome.status == 0
        assert "13 blank cells are filled in" in outcome.err
        after = read(tmp_path / "f.csv")
        assert [*after[0]] == [*before[0]]
        for old, new in zip(before, after, strict=True):
            assert all(new[name] == cell for name, cell in old.items() if cell)
            assert new["b"]
            assert new["colour"] in ("red", "blue")
            assert new["label"] == old["label"]
    assert_refused(
        auxgen("fill", run, tmp_path / "f.csv", "--out", tmp_path / "f.txt"), "expected .csv"
    )


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
@pytest.mark.parametrize("command", ["predict", "embed", "fill", "sample"])
def test_tables_are_written_in_the_kind_of_file_that_is_named(
    command: str, suffix: str, trained: tuple[Path, Path], auxgen: Command, tmp_path: Path
) -> None:
    """The same cells, whatever the kind; and what has a table's columns is read back."""
    run, file = trained
    given = {"sample": ["--n", "6"], "fill": [file, "--draws", "5"]}.get(command, [file])
    for kind in (".csv", suffix):
        assert auxgen(command, run, *given, "--out", tmp_path / f"t{kind}").status == 0
    plain, other = (read_table_file(tmp_path / f"t{kind}") for kind in (".csv", suffix))
    assert other.names == plain.names
    assert list(map(list_cells, other.columns)) == list(map(list_cells, plain.columns))
    if command in ("sample", "fill"):
        assert auxgen("predict", run, tmp_path / f"t{suffix}").status == 0


@pytest.mark.parametrize("command", ["predict", "embed", "fill", "reconstruct", "interpolate"])
def test_a_file_that_is_read_is_not_written_over(
    command: str, trained: tuple[Path, Path], auxgen: Command
) -> None:
    run, file = trained
    before = file.read_bytes()
    outcome = auxgen(command, run, file, "--out", file.parent / "run" / ".." / file.name)
    assert outcome.status == 2
    assert "t.csv would be written over the original itself; another --out is" in outcome.err
    assert file.read_bytes() == before


def test_draws_of_a_class_have_it_as_their_label(
    trained: tuple[Path, Path], auxgen: Command, tmp_path: Path
) -> None:
    run, _ = trained
    assert auxgen("sample", run, "--of", "NA", "--n", "4", "--out", tmp_path / "s.csv").status == 0
    assert [row["label"] for row in read(tmp_path / "s.csv")] == ["NA"] * 4
    assert auxgen("sample", run, "--by-class", "--n", "2", "--out", tmp_path / "b.csv").status == 0
    assert [row["label"] for row in read(tmp_path / "b.csv")] == ["EU", "NA"] * 2
    assert auxgen("sample", run, "--n", "50", "--out", tmp_path / "d.csv").status == 0
    assert {row["label"] for row in read(tmp_path / "d.csv")} == {"EU", "NA"}


def test_only_a_model_of_a_table_fills_in(
    trained: tuple[Path, Path], auxgen: Command, eight: Path, tmp_path: Path
) -> None:
    outcome = auxgen("fill", eight, trained[1], "--out", tmp_path / "f.csv")
    assert_refused(outcome, "expected a model of a table")
