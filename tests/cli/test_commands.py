"""The commands, from training to a report, with a person's own small experiment."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Command
from safetensors.torch import load_file

from auxgen import __version__


def test_help_lists_every_command(auxgen: Command) -> None:
    said = auxgen("--help")
    assert said.status == 0
    for command in ("demo", "train", "evaluate", "report", "reproduce", "sample", "predict"):
        assert f"\n  {command}" in said.out
    assert auxgen().out == said.out
    assert auxgen("--version").out.strip() == __version__


@pytest.mark.parametrize("args", [("train", "--help"), ("train", "--run", "x", "--help")])
def test_train_says_how_it_is_used(auxgen: Command, args: tuple[str, ...]) -> None:
    said = auxgen(*args)
    assert said.status == 0
    assert "auxgen train EXPERIMENT --run FOLDER" in said.out


def test_an_experiment_shows_its_options_with_their_help(auxgen: Command, own: Path) -> None:
    said = auxgen("train", own, "--help")
    assert said.status == 0
    assert "A model of six numbers." in said.out
    assert "--steps INT" in said.out
    assert "Rounds to play. (default: 4)" in said.out
    assert "--model {adgm,sdgm}" in said.out


@pytest.mark.parametrize("command", ["sample", "evaluate", "export", "reproduce", "demo"])
def test_a_command_shows_its_help(auxgen: Command, command: str) -> None:
    said = auxgen(command, "--help")
    assert said.status == 0
    assert said.out.startswith(f"usage: auxgen {command}")


def test_experiments_as_json_have_names(auxgen: Command) -> None:
    said = auxgen("experiments", "--json")
    found = {row["name"]: row for row in json.loads(said.out)}
    assert {"adgm.digits", "adgm.half_moons"} <= found.keys()
    assert set(found["adgm.digits"]) >= {"name", "shows", "paper", "ours", "time"}


def test_options_reach_the_experiment(auxgen: Command, own: Path, tmp_path: Path) -> None:
    given = ("--seed", "-3", "--steps=2", "--rows", "7", "--widths", "4", "5", "--loud")
    said = auxgen("train", own, "--run", tmp_path / "run", "--device", "cpu", *given)
    assert said.status == 0, said.err
    asked = json.loads((tmp_path / "run" / "run.json").read_text())["options"]
    assert asked["seed"] == -3
    assert (asked["steps"], asked["rows"], asked["loud"]) == (2, 7, True)
    assert list(asked["widths"]) == [4, 5]


def test_a_finished_run_is_left_as_it_is_when_resumed(auxgen: Command, run: Path) -> None:
    before = load_file(run / "sdgm" / "model.safetensors")
    assert auxgen("train", "--resume", run).status == 0
    after = load_file(run / "sdgm" / "model.safetensors")
    assert all(before[name].equal(after[name]) for name in before)


def test_evaluate_prints_json_or_a_table(auxgen: Command, run: Path) -> None:
    scores = json.loads(auxgen("evaluate", run, "--json").out)["scores"]
    score = scores["sdgm/test_error"]
    wanted = {"value": 12.5, "unit": "%", "n": 10, "spread": 0.5, "protocol": "10 test rows"}
    assert score.items() >= wanted.items()
    assert "12.5" in auxgen("evaluate", run).out


def test_protocols_are_mixed_only_on_demand(
    auxgen: Command, run: Path, own: Path, tmp_path: Path
) -> None:
    auxgen("train", own, "--run", tmp_path / "run", "--device", "cpu", "--rows", "99")
    both = ("evaluate", run, tmp_path / "run")
    refused = auxgen(*both)
    assert refused.status == 2
    assert "10 test rows; 99 test rows" in refused.err
    assert auxgen(*both, "--mixed").status == 0


def test_a_report_of_two_runs_is_one_file(auxgen: Command, run: Path, tmp_path: Path) -> None:
    page = tmp_path / "both.html"
    assert auxgen("report", run, run, "--out", page).out.strip() == str(page)
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")


def test_an_exported_artefact_serves_in_place_of_the_run(
    auxgen: Command, run: Path, tmp_path: Path
) -> None:
    artefact = tmp_path / "artefact"
    assert auxgen("export", run, artefact).status == 0
    assert sorted(f.name for f in artefact.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert "exists already" in auxgen("export", run, artefact).err
    for model, file in ((run, "a.csv"), (artefact, "b.csv")):
        assert auxgen("sample", model, "--out", tmp_path / file, "--n", "5").status == 0
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_rows_of_a_file_are_encoded_predicted_and_made_again(
    auxgen: Command, run: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.npy"
    np.save(rows, np.random.default_rng(0).random((4, 6)).astype(np.float32))
    for command in ("embed", "predict", "reconstruct", "interpolate"):
        out = tmp_path / f"{command}.csv"
        said = auxgen(command, run, rows, "--out", out)
        assert said.status == 0, said.err
        assert said.out.strip() == str(out)
    with (tmp_path / "predict.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    assert auxgen("predict", run, rows).out.count("\n") == 4


def test_another_ending_is_refused(auxgen: Command, run: Path, tmp_path: Path) -> None:
    said = auxgen("sample", run, "--out", tmp_path / "x.xyz")
    assert said.status == 2
    assert said.err.strip() == "--out ends in '.xyz'; .png, .csv or .npy is wanted."
