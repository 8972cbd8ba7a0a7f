"""A run that diverged ends with a command to paste, which starts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import MISSING
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import auxgen
from auxgen.cli.main import run_command
from auxgen.engine.good_state import GoodState
from auxgen.engine.loop import Training
from auxgen.errors import Diverged
from auxgen.experiments.option_values import list_options, resolve_options
from auxgen.experiments.registry import find_experiment, list_experiments
from auxgen.experiments.runs import make_train_command
from auxgen.networks.distributions import skip_argument_checks
from auxgen.runs.commands import (
    BATCH_WORDS,
    RATE_WORDS,
    TrainCommand,
    find_free_folder,
    format_option,
)
from auxgen.runs.runtime import RuntimeSettings

EXPERIMENT = '''
from dataclasses import replace
from laws import stage
from auxgen.engine.settings import adam

def experiment(
    *, seed: int = 0, lr: float = 0.01, steps: int = 12, first: int = 6, seconds: float = 0.0,
    names: tuple[str, ...] = (), quick: bool = False, loud: bool = True, note: str | None = None,
):
    """A model that diverges from a round on if its rate is large."""
    def rate(step):
        return 1e30 if lr > 0.005 and step >= first else 1.0
    found = stage("sdgm", steps, save_every=seconds)
    return {"model": replace(
        found, engine=replace(found.engine, optimizers=adam(lr), learning_rate=rate)
    )}
'''
WITHOUT_RATE = (
    EXPERIMENT.replace("lr: float = 0.01, ", "")
    .replace("lr > 0.005 and", "")
    .replace("adam(lr)", "adam(0.01)")
)


@pytest.fixture(autouse=True)
def as_people_run_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In a folder, with distributions that do not check their parameters, as outside of tests."""
    monkeypatch.chdir(tmp_path)
    Path("my file.py").write_text(EXPERIMENT)
    Path("no rate.py").write_text(WITHOUT_RATE)
    y = np.arange(60) % 2
    rows = pd.DataFrame({"the size": y + np.random.default_rng(0).normal(size=60), "kind": y})
    rows["other"] = np.random.default_rng(1).normal(size=60)
    rows.to_csv("my table.csv", index=False)
    with skip_argument_checks():
        yield


def diverge(*words: str) -> str:
    with pytest.raises(Diverged) as told:
        run_command(["train", *words])
    return str(told.value)


def paste(told: str) -> list[str]:
    """The words after auxgen of the command that a sentence ends with."""
    name, *words = shlex.split(told.partition("train with: ")[2])
    assert name == "auxgen"
    return words


def read_options(run: str) -> dict[str, Any]:
    return json.loads((Path(run) / "run.json").read_text())["options"]


GIVEN = ("--names", "a b", "it's", "--quick", "--no-loud", "--note", "$HOME; ls", "--seed", "3")


@pytest.mark.parametrize("first", [0, 6])
@pytest.mark.parametrize("run", ["a", "my runs/it's", "a@7"])
def test_before_the_first_checkpoint_it_starts_anew(
    first: int, run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*GIVEN, "--first", str(first), "--seconds", "1000", "--device", "cpu")
    told = diverge("my file.py", "--run", run, *words)
    assert "nothing was saved yet" in told
    assert "--from-checkpoint" not in told
    run_command(paste(told))
    assert "trained model" in capsys.readouterr().out
    assert read_options(f"{run}-2") == {**read_options(run), "lr": 0.001}
    assert read_options(run)["note"] == "$HOME; ls"


@pytest.mark.parametrize("run", ["a", "my runs/it's"])
def test_after_a_checkpoint_it_starts_there(run: str) -> None:
    told = diverge("my file.py", *GIVEN, "--run", run, "--device", "cpu")
    assert paste(told)[1:3] == ["--from-checkpoint", f"{run}@6"]  # at step 7 weights are ruined
    run_command(paste(told))
    config = json.loads((Path(f"{run}-2") / "run.json").read_text())
    assert config["options"] == {**read_options(run), "lr": 0.001}
    assert config["from_checkpoint"]["step"] == 6


@pytest.mark.parametrize("seconds", ["0", "1000"])
def test_a_run_that_is_resumed_offers_the_same(seconds: str) -> None:
    words = ("my file.py", *GIVEN, "--run", "a", "--device", "cpu", "--seconds", seconds)
    first = paste(diverge(*words))
    told = diverge("--resume", "a", "--device", "cpu")
    if seconds == "0":
        assert paste(told) == first
    else:  # the run has a copy of the file
        assert paste(told) == [word.replace("my file.py", "a/experiment.py") for word in first]
    Path("my file.py").unlink()
    run_command(paste(told))
    assert read_options("a-2") == {**read_options("a"), "lr": 0.001}


def test_how_a_run_was_trained_is_offered_by_one_that_is_resumed_too() -> None:
    how = ("--accumulate", "2", "--memory-for-rows", "0.25", "--precision", "32")
    first = diverge("my file.py", "--run", "a", "--device", "cpu", *how)
    told = paste(diverge("--resume", "a", "--device", "cpu"))
    assert told == [word.replace("my file.py", "a/experiment.py") for word in paste(first)]
    assert {"--accumulate", "--memory-for-rows"} <= {*told}


def test_one_that_began_at_a_checkpoint_offers_that(capsys: pytest.CaptureFixture[str]) -> None:
    told = diverge("my file.py", "--run", "a", "--device", "cpu")
    again = [*paste(told)[:-4], "--lr", "0.008", "--seconds", "1000", "--run", "b"]
    told = diverge(*again[1:])
    assert paste(told)[1:3] == ["--from-checkpoint", "b@6"]
    run_command(paste(told))
    assert read_options("b-2")["lr"] == 0.0008
    assert "trained model" in capsys.readouterr().out


@pytest.mark.parametrize("rate", ["1e10", "100"])
def test_own_rows_go_on_with_the_usual_rate(rate: str) -> None:
    small = ("--hidden", "8", "--latent", "2", "--batch", "12", "--steps", "60")
    words = ("--data", "my table.csv", "--label", "kind", "--drop", "other", *small, "--lr", rate)
    told = diverge("adgm.own", *words, "--run", "a", "--device", "cpu", "--test-fraction", "0.3")
    run_command(paste(told))
    assert read_options("a-2") == {**read_options("a"), "lr": 0.001}
    assert read_options("a")["drop"] == ["other"]


def test_the_precision_changes_with_the_rate() -> None:
    told = diverge("my file.py", "--run", "a", "--precision", "bf16", "--seconds", "1000")
    assert paste(told).count("--precision") == 1
    run_command(paste(told))
    assert json.loads(Path("a-2/run.json").read_text())["precision"] == "32"


def test_without_an_option_of_the_rate_it_is_left_to_the_person() -> None:
    told = diverge("no rate.py", "--run", "a")
    assert told.endswith(".")
    assert "which can begin with --from-checkpoint a@6;" in told
    assert "train with" not in told


def test_stages_made_in_python_have_no_command() -> None:
    scope: dict[str, Any] = {}
    exec(EXPERIMENT, scope)
    with pytest.raises(Diverged, match="it can begin at from_checkpoint='a@6'"):
        auxgen.train(scope["experiment"](), run="a", quiet=True)


def test_a_divergence_is_told_where_no_copy_fits_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of the training, with which a cause is looked for, may fill what is left."""
    keep = GoodState.keep

    def keep_first(self: GoodState, training: Training) -> None:
        """From here on a training cannot be copied."""
        keep(self, training)
        monkeypatch.setattr(Training, "__deepcopy__", refuse, raising=False)

    def refuse(self: Training, memo: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(GoodState, "keep", keep_first)
    told = diverge("my file.py", "--run", "a")
    assert "try a smaller learning rate" in told
    assert paste(told)[1:3] == ["--from-checkpoint", "a@6"]


def make_command(**options: float) -> TrainCommand:
    return TrainCommand("x", options, {})


@pytest.mark.parametrize(
    ("options", "stage", "found"),
    [
        ({"lr": 2e-3, "classifier_lr": 2e-3}, "classifier", "classifier_lr"),
        ({"lr": 2e-3, "classifier_lr": 2e-3}, "vae", "lr"),
        ({"lr": 1e-3, "classifier_lr": 2e-3}, "vae", "classifier_lr"),
        ({"encoder_learning_rate": 2e-3, "lr": 1e-3}, "first", "encoder_learning_rate"),
        ({"lr": 1.0}, "first", "lr"),  # the stage has a part of it
        ({"a_lr": 1.0, "b_lr": 1.0}, "first", None),
        ({"beta": 2e-3}, "first", None),
        ({"rate": 2e-3, "classification_rate": 0.5}, "first", "rate"),
    ],
)
def test_the_option_of_the_stages_rate_is_found(
    options: dict[str, float], stage: str, found: str | None
) -> None:
    assert make_command(**options).find_option(RATE_WORDS, {2e-3}, stage) == found


@pytest.mark.parametrize("name", list_experiments())
def test_what_is_not_typed_has_its_default(name: str) -> None:
    """A command types the options that differ, and no others."""
    entry = find_experiment(name)
    needed = {o.name: "x" for o in list_options(entry) if o.default is MISSING}
    values = resolve_options(entry, {**needed, "seed": 5})
    kept = json.loads(json.dumps(values, default=str))  # as run.json has them
    settings = RuntimeSettings("auto")
    told = make_train_command(entry, kept, settings).format_anew(Path("new"), {})
    typed = {word for word in shlex.split(told)[3:-2] if word.startswith("--")}
    choices = signature(entry.make_plan).parameters if entry.make_plan else {}
    assert typed - {format_option(n) for n in choices} == {"--seed", *map(format_option, needed)}
    command = make_train_command(entry, values, settings)
    assert command.find_option(RATE_WORDS, {values.get("lr", 0)}, "none") == "lr"
    assert command.find_option(BATCH_WORDS, {values["batch"]}, "none") == "batch"


def test_a_free_folder_is_beside_the_one_that_is_there(tmp_path: Path) -> None:
    assert find_free_folder(tmp_path / "a") == tmp_path / "a"
    for name in ("a", "a-2"):
        (tmp_path / name).mkdir()
    assert find_free_folder(tmp_path / "a") == tmp_path / "a-3"
