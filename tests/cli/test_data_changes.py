"""What a run remembers of its data: told before training, kept, and compared ever after."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from cli.conftest import Command

import auxgen as public
from auxgen.data.arrays import load_arrays
from auxgen.errors import InputError
from auxgen.report import write_report
from auxgen.runs.datasets import describe_datasets, format_data_card, list_warnings
from auxgen.stage import Stage


def make_table() -> pd.DataFrame:
    rng, y = np.random.default_rng(0), np.arange(120) % 3
    x = rng.normal(size=(120, 4)) + 3 * np.eye(4)[y]
    table = pd.DataFrame(x, columns=list("abcd"))
    table["kind"] = np.array(["red", "green", "blue"])[y]
    table.loc[60:, "kind"] = ""
    return table


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run and its table."""
    folder = tmp_path_factory.mktemp("data")
    table, run = folder / "table.csv", folder / "run"
    make_table().to_csv(table, index=False)
    options = {"data": table, "label": "kind", "steps": 2, "hidden": 8, "latent": 2}
    public.train("adgm.own", run=run, quiet=True, device="cpu", **options)
    public.evaluate(run, metrics=["test_error"], device="cpu")
    return run, table


CHANGES: dict[str, tuple[Callable[[pd.DataFrame], Any], str]] = {
    "a row less": (lambda t: t.drop(index=100), "it had 108 rows and has 107"),
    "a class renamed": (lambda t: t.replace("red", "rot"), "its classes are now without red and"),
    "a column renamed": (lambda t: t.rename(columns={"a": "z"}), "without a and with z"),
    "columns swapped": (lambda t: t[["b", "a", "c", "d", "kind"]], "columns are in another order"),
    "a column more": (lambda t: t.assign(e=np.arange(120.0) % 7), "its columns are now with e"),
    "rows reversed": (lambda t: t.iloc[::-1], "values or the order of its rows have changed"),
    "a value": (lambda t: t.assign(a=t["a"] + (t.index == 99)), "values or the order"),
    "labels moved": (
        lambda t: t.assign(kind=["red", *t["kind"][1:60], "red", *t["kind"][61:]]),
        "its labels have changed",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("command", ["evaluate", "train --resume", "sample"])
def test_nothing_goes_on_with_data_that_changed(
    change: str, command: str, trained: tuple[Path, Path], auxgen: Command, tmp_path: Path
) -> None:
    run, table = trained
    before = table.read_bytes()
    scores = (run / "scores.json").read_bytes()
    edit, what = CHANGES[change]
    edit(make_table()).to_csv(table, index=False)
    try:
        if command == "sample":  # which needs no data
            assert auxgen("sample", run, "--out", tmp_path / "x.csv").status == 0
            return
        outcome = auxgen(*command.split(), run)
    finally:
        table.write_bytes(before)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert what in outcome.err
    assert f"is not what {run} was trained on" in outcome.err
    assert (run / "scores.json").read_bytes() == scores


@pytest.mark.parametrize("gone", [False, True])
def test_a_report_shows_what_is_stored_and_says_so(
    gone: bool, trained: tuple[Path, Path], auxgen: Command
) -> None:
    run, table = trained
    before = table.read_bytes()
    table.unlink() if gone else make_table().iloc[::-1].to_csv(table, index=False)
    try:
        outcome = auxgen("report", run)
    finally:
        table.write_bytes(before)
    assert outcome.status == 0
    assert "The report shows what is stored." in outcome.err
    page = (run / "report.html").read_text()
    assert "This is what was stored when it was measured." in page
    assert "test_error" in page


def test_a_run_of_unchanged_data_goes_on(trained: tuple[Path, Path], auxgen: Command) -> None:
    run, _ = trained
    assert auxgen("evaluate", run, "--metric", "test_error").status == 0
    assert auxgen("train", "--resume", run).status == 0


def test_the_card_is_kept_and_shown(trained: tuple[Path, Path]) -> None:
    run, _ = trained
    config = json.loads((run / "run.json").read_text())
    train, test = (config["datasets"][split] for split in ("train", "test"))
    assert (train["rows"], test["rows"]) == (108, 12)
    assert train["labelled"] == {"blue": 16, "green": 16, "red": 16}
    assert train["columns"] == list("abcd")
    assert config["rounds"] == {"sdgm": 2}
    assert config["warnings"] == list_warnings(config["datasets"])
    assert any("12 rows" in warning for warning in config["warnings"])
    page = write_report([run], run.parent / "page.html").read_text()
    assert "48 labelled: blue 16, green 16, red 16" in page
    assert "Caution: Only 12 rows are held out" in page


def test_the_card_is_told_once_before_training(
    trained: tuple[Path, Path], auxgen: Command, tmp_path: Path
) -> None:
    options = ("--label", "kind", "--steps", "1", "--hidden", "8", "--latent", "2")
    outcome = auxgen("train", "adgm.own", "--data", trained[1], "--run", tmp_path / "r", *options)
    assert outcome.status == 0
    assert outcome.err.count("labelled 48: blue 16, green 16, red 16") == 1


def test_a_class_with_one_label_and_stages_with_rows_of_their_own_are_told() -> None:
    x = np.random.default_rng(0).random((5, 2))
    few = load_arrays(x, ["a", "a", "b", "", ""])
    other = load_arrays(x + 1, ["a", "a", "b", "", ""])
    stages = {
        name: Stage(None, None, None, data={"train": rows})  # pyright: ignore[reportArgumentType]
        for name, rows in {"one": few, "two": few, "three": other}.items()
    }
    described = describe_datasets(stages)
    assert list(described) == ["train", "three/train"]
    assert list_warnings(described) == ["'b' has one labelled row to learn from."] * 2
    lines = format_data_card(described, list_warnings(described))
    assert "  labelled 3: a 2, b 1" in lines
    assert lines[-1] == "Caution: 'b' has one labelled row to learn from."


def test_an_attribute_of_one_answer_is_told() -> None:
    blank = float("nan")
    answers = torch.tensor([[1.0, 0, 1], [0, 0, 1], [blank, 0, 0], [1, 1, 0], [0, blank, blank]])
    rows = replace(
        load_arrays(np.random.default_rng(0).random((5, 2))),
        attributes=answers,
        attribute_names=("tail", "hat", "fur"),
    )
    described = describe_datasets({"one": Stage(None, None, None, data={"train": rows})})  # pyright: ignore[reportArgumentType]
    assert described["train"]["answers"]["hat"] == {"yes": 1, "no": 3}
    assert list_warnings(described) == [
        "'hat' has fewer than two pictures with it, or without it.",
    ]
    del described["train"]["answers"]  # as earlier versions have it
    assert list_warnings(described) == []


def test_few_rows_for_validation_are_told_where_they_may_end_training() -> None:
    rows = load_arrays(np.random.default_rng(0).random((5, 2)))
    described = describe_datasets({"one": Stage(None, None, None, data={"valid": rows})})  # pyright: ignore[reportArgumentType]
    assert list_warnings(described) == []
    (warning,) = list_warnings(described, stops_early=True)
    assert warning.startswith("Only 5 rows are held out to stop early by")
    described = describe_datasets({"one": Stage(None, None, None, data={"valid": rows[:1]})})  # pyright: ignore[reportArgumentType]
    (warning,) = list_warnings(described, stops_early=True)
    assert warning.startswith("Only 1 row is held out to stop early by")


@pytest.mark.parametrize("datasets", [3, "x", {"train": 1}, {"train": {"rows": "many"}}])
def test_a_damaged_card_is_one_sentence(
    datasets: object, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained[0], run)
    config = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**config, "datasets": datasets}))
    with pytest.raises(InputError, match="malformed; expected datasets"):
        write_report([run], tmp_path / "page.html")
    with pytest.raises(InputError, match="datasets"):
        public.evaluate(run, device="cpu")
