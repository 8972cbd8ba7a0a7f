"""The commands, from training to a report, with a person's own small experiment."""

from __future__ import annotations

import csv
import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Command
from safetensors.torch import load_file

from auxgen import __version__
from auxgen.cli.main import COMMANDS, load_command
from auxgen.experiments.registry import list_experiments


def test_help_lists_every_command(auxgen: Command) -> None:
    outcome = auxgen("--help")
    assert outcome.status == 0
    for command in ("demo", "train", "evaluate", "report", "reproduce", "sample", "predict"):
        assert f"\n  {command}" in outcome.out
    assert all(len(line) <= 80 for line in outcome.out.splitlines())
    assert auxgen().out == outcome.out
    assert auxgen("--version").out.strip() == __version__


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_of_a_command_what_the_command_says_itself(command: str) -> None:
    _, first_line = COMMANDS[command]
    assert (load_command(command).__doc__ or "").splitlines()[0] == first_line


WORDS = {
    "device": "auto, cpu, cuda or cuda:1.",
    "stage": "Stage of a run; the last by default.",
    "model": "A run or an artefact.",
    "runs": "Folders of runs.",
}


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "train"])
def test_a_word_means_the_same_in_all_commands(command: str) -> None:
    function = load_command(command)
    for name, meaning in WORDS.items():
        if name in inspect.signature(function).parameters:
            assert f"        {name}: {meaning}\n" in (function.__doc__ or "")


@pytest.mark.parametrize("args", [("train", "--help"), ("train", "--run", "x", "--help")])
def test_train_says_how_it_is_used(auxgen: Command, args: tuple[str, ...]) -> None:
    outcome = auxgen(*args)
    assert outcome.status == 0
    assert "auxgen train EXPERIMENT --run FOLDER" in outcome.out


def test_an_experiment_shows_its_options_with_their_help(auxgen: Command, own: Path) -> None:
    outcome = auxgen("train", own, "--help")
    assert outcome.status == 0
    assert "A model of six numbers." in outcome.out
    assert "--steps INT" in outcome.out
    assert "Rounds to play. (default: 4)" in outcome.out
    assert "--model {adgm,sdgm}" in outcome.out


@pytest.mark.parametrize("experiment", list_experiments())
def test_every_experiment_shows_its_options(auxgen: Command, experiment: str) -> None:
    outcome = auxgen("train", experiment, "--help")
    assert (outcome.status, outcome.err) == (0, "")
    assert f"usage: auxgen train {experiment} " in outcome.out


@pytest.mark.parametrize("command", ["sample", "evaluate", "export", "reproduce", "demo"])
def test_a_command_shows_its_help(auxgen: Command, command: str) -> None:
    outcome = auxgen(command, "--help")
    assert outcome.status == 0
    assert outcome.out.startswith(f"usage: auxgen {command}")


def test_experiments_as_json_have_names(auxgen: Command) -> None:
    outcome = auxgen("experiments", "--json")
    found = {row["name"]: row for row in json.loads(outcome.out)}
    assert {"adgm.digits", "adgm.half_moons"} <= found.keys()
    assert set(found["adgm.digits"]) >= {"name", "shows", "paper", "ours", "time"}


def test_experiments_are_listed_by_paper_in_the_width_of_the_terminal(
    auxgen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = auxgen("experiments").out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert [line.partition(":")[0] for line in lines if line[:1].islower()][:2] == ["adgm", "asl"]
    names = [name for name in list_experiments() if any(f"  {name} " in line for line in lines)]
    assert names == list(list_experiments())
    assert len(lines) < 3 * len(names)


@pytest.mark.parametrize("text", [("half_moons",), ("TWO MOONS", "labels"), ("Maaløe", "moons")])
def test_experiments_are_found_by_name_or_words(auxgen: Command, text: tuple[str, ...]) -> None:
    outcome = auxgen("experiments", *text)
    about = list_experiments()["adgm.half_moons"]
    assert f"  adgm.half_moons         {about.shows}" in outcome.out
    assert "    paper  " in outcome.out
    assert "adgm.digits" not in outcome.out
    rows = json.loads(auxgen("experiments", *text, "--json").out)
    assert [(row["name"], row["paper"]) for row in rows] == [("adgm.half_moons", about.paper)]


def test_options_reach_the_experiment(auxgen: Command, own: Path, tmp_path: Path) -> None:
    given = ("--seed", "3", "--lr", "-0.5", "--steps=2", "--rows", "7", "--widths", "4", "5")
    outcome = auxgen("train", own, "--run", tmp_path / "run", "--device", "cpu", *given, "--loud")
    assert outcome.status == 0, outcome.err
    config = json.loads((tmp_path / "run" / "run.json").read_text())["options"]
    assert (config["seed"], config["lr"]) == (3, -0.5)
    assert (config["steps"], config["rows"], config["loud"]) == (2, 7, True)
    assert list(config["widths"]) == [4, 5]


def test_no_rounds_are_told(auxgen: Command, tmp_path: Path) -> None:
    given = ("--epochs", "0", "--device", "cpu", "--run", tmp_path / "run")
    outcome = auxgen("train", "adgm.half_moons", *given)
    assert outcome.status == 0
    assert outcome.out.startswith("trained adgm for 0 rounds, so that its weights are the initial")


def test_a_finished_run_is_left_as_it_is_when_resumed(auxgen: Command, run: Path) -> None:
    before = load_file(run / "sdgm" / "model.safetensors")
    assert auxgen("train", "--resume", run).status == 0
    after = load_file(run / "sdgm" / "model.safetensors")
    assert all(before[name].equal(after[name]) for name in before)


def test_evaluate_prints_json_or_a_table(auxgen: Command, run: Path) -> None:
    scores = json.loads(auxgen("evaluate", run, "--json").out)["scores"]
    score = scores["sdgm/test_error"]
    expected = {"value": 12.5, "unit": "%", "n": 10, "spread": 0.5, "protocol": "10 test rows"}
    assert score.items() >= expected.items()
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
    table = tmp_path / "mine.csv"
    table.write_text("x,y\n1,a\n")
    refused = auxgen("report", run, "--out", table)
    assert (refused.status, refused.err.strip()) == (2, "--out ends in '.csv'; expected .html.")
    assert table.read_text() == "x,y\n1,a\n"
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


def test_rows_of_a_file_are_encoded_predicted_and_reconstructed(
    auxgen: Command, run: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.npy"
    np.save(rows, np.random.default_rng(0).random((4, 6)).astype(np.float32))
    for command in ("embed", "predict", "reconstruct", "interpolate"):
        out = tmp_path / f"{command}.csv"
        outcome = auxgen(command, run, rows, "--out", out)
        assert outcome.status == 0, outcome.err
        assert outcome.out.strip() == str(out)
    with (tmp_path / "predict.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    assert auxgen("predict", run, rows).out.count("\n") == 4


def test_another_ending_is_refused(auxgen: Command, run: Path, tmp_path: Path) -> None:
    outcome = auxgen("sample", run, "--out", tmp_path / "x.xyz")
    assert outcome.status == 2
    assert outcome.err.strip() == (
        "--out ends in '.xyz'; expected .png, .npy, .csv, .tsv, .parquet, .feather or .xlsx."
    )
