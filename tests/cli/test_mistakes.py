"""Whatever a person mistypes is answered in one sentence, and nothing is left behind."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from cli.conftest import Command, Outcome

from auxgen.cli.main import main


def assert_one_sentence(outcome: Outcome, sentence: str, status: int = 2) -> None:
    assert outcome.err.strip() == sentence
    assert outcome.status == status
    assert not outcome.out


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("trian", "There is no command 'trian'; did you mean 'train'?"),
        ("evaluate --jsn", "There is no option '--jsn'; did you mean '--json'?"),
        ("demo --rn x", "There is no option '--rn'; did you mean '--run'?"),
        ("experiments --json=1", "--json takes no value, and got '1'."),
        (
            "experiments now",
            "There is no experiment with 'now' in its name or description; auxgen experiments "
            "lists all.",
        ),
        ("demo now", "auxgen demo takes options only, and got 'now'."),
        ("evaluate", "Expected auxgen evaluate RUN...; see auxgen evaluate --help."),
        ("report", "Expected auxgen report RUN...; see auxgen report --help."),
        ("evaluate nowhere", "There is no folder nowhere; expected a run's folder."),
        ("train --resume nowhere", "There is no folder nowhere; expected a run's folder."),
        ("train --resume", "--resume takes a path, and got none."),
        (
            "train --resume x --seed 1",
            "--resume takes all but --device, --log and --shard-weights from the run, and got "
            "'--seed'.",
        ),
        (
            "train",
            "Expected auxgen train EXPERIMENT --run FOLDER; see auxgen train --help.",
        ),
        (
            "train --run x",
            "Expected auxgen train EXPERIMENT --run FOLDER; see auxgen train --help.",
        ),
        (
            "train adgm.half_mons --run x",
            "There is no experiment 'adgm.half_mons'; did you mean 'adgm.half_moons'?",
        ),
        (
            "train nowhere.py --run x",
            "There is no file nowhere.py; expected an experiment's Python file.",
        ),
        (
            "reproduce adgm.half_mons",
            "There is no reproduction 'adgm.half_mons'; did you mean 'adgm.half_moons'?",
        ),
        ("reproduce x --budget gpu", "--budget takes cpu or paper, not 'gpu'."),
        ("reproduce x --seeds few", "--seeds takes an integer, not 'few'."),
        ("export run", "Expected auxgen export RUN FOLDER; see auxgen export --help."),
        ("export a b c", "auxgen export RUN FOLDER is all it takes, and got 'c'."),
        ("sample", "Expected auxgen sample MODEL; see auxgen sample --help."),
        ("predict run", "Expected auxgen predict MODEL FILE...; see auxgen predict --help."),
        ("sample run", "auxgen sample needs --out, a path; see its --help."),
        ("sample run --by_class=1", "--by-class takes no value, and got '1'."),
        ("sample run --out", "--out takes a path, and got none."),
        ("sample run --out x.png --n 1.5", "--n takes an integer, not '1.5'."),
        (
            "sample nowhere --out x.png",
            "There is no folder nowhere; expected an artefact or a run.",
        ),
    ],
)
def test_a_command(
    command: str, sentence: str, auxgen: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_sentence(auxgen(*command.split()), sentence)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--step 3", "There is no option '--step'; did you mean '--steps'?"),
        ("--rnu x", "There is no option '--rnu'; did you mean '--run'?"),
        ("--lr=fast", "--lr takes a number, not 'fast'."),
        ("--steps ten", "--steps takes an integer, not 'ten'."),
        ("--steps 1e3", "--steps takes an integer, not '1e3'."),
        ("--steps --seed 1", "--steps takes an integer, and got none."),
        ("--rows many", "--rows takes an integer, not 'many'."),
        ("--widths 8 wide", "--widths takes an integer, not 'wide'."),
        ("--model vae", "--model takes adgm or sdgm, not 'vae'."),
        ("--no-steps", "There is no option '--no-steps'; did you mean '--steps'?"),
        ("--seed 1 2", "auxgen train {own} takes options only, and got '2'."),
        ("--seed 1", "auxgen train {own} needs --run, a path; see its --help."),
        ("--run x --device gpu", "This machine has no device 'gpu'; expected auto, cpu or cuda."),
        ("--run x --precision 16", "--precision takes auto, 32 or bf16, not '16'."),
        (
            "--run x --log tensorbord",
            "There is no tracker 'tensorbord'; did you mean 'tensorboard'?",
        ),
    ],
)
def test_an_option_of_an_own_experiment(
    options: str,
    sentence: str,
    own: Path,
    auxgen: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(own.parent)
    outcome = auxgen("train", own, *options.split())
    lines = outcome.err.replace(f"running your file {own}\n", "")
    assert lines.strip() == sentence.format(own=own)
    assert outcome.status == 2
    assert not Path("x").exists()


def test_a_run_that_is_there_is_not_overwritten(run: Path, own: Path, auxgen: Command) -> None:
    before = (run / "run.json").read_bytes()
    outcome = auxgen("train", own, "--run", run)
    assert outcome.status == 2
    assert "exists already" in outcome.err
    assert (run / "run.json").read_bytes() == before


def test_an_own_file_that_cannot_be_run_says_why(tmp_path: Path, auxgen: Command) -> None:
    file = tmp_path / "broken.py"
    file.write_text("import nowhere_at_all\n")
    outcome = auxgen("train", file, "--run", tmp_path / "run")
    assert_one_sentence(
        outcome,
        f"{file} cannot be run: ModuleNotFoundError: No module named 'nowhere_at_all'.",
    )


def test_an_own_file_with_an_unknown_type_says_which(tmp_path: Path, auxgen: Command) -> None:
    file = tmp_path / "typed.py"
    file.write_text("def experiment(*, seed: 'Seed' = 0): ...\n")
    outcome = auxgen("train", file, "--run", tmp_path / "run")
    assert outcome.status == 2
    assert "name 'Seed' is not defined" in outcome.err


def test_a_full_device_is_a_sentence(
    auxgen: Command, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "out.csv")

    monkeypatch.setattr("auxgen.cli.tables.write_rows", full)
    outcome = auxgen("sample", run, "--out", tmp_path / "out.csv")
    assert_one_sentence(outcome, "out.csv could not be written: no space is left.", 1)


def test_a_place_that_cannot_be_written_is_a_sentence(
    auxgen: Command, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    outcome = auxgen("sample", run, "--out", tmp_path / "file" / "x.csv")
    assert outcome.status == 1
    assert outcome.err.count("\n") == 1
    assert f"could not be written: {tmp_path / 'file'} is not a folder." in outcome.err


def fill_device() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.mark.parametrize(
    ("fill", "sentence"),
    [
        (lambda: torch.empty(2**50), "The memory of this machine is full; give a smaller"),
        (lambda: np.empty(2**50), "The memory of this machine is full; give a smaller"),
        (fill_device, "The memory of the device is full; give a smaller"),
    ],
)
def test_full_memory_is_a_sentence(
    auxgen: Command, monkeypatch: pytest.MonkeyPatch, fill: Callable[[], object], sentence: str
) -> None:
    monkeypatch.setattr("auxgen.cli.main.run_command", lambda _: fill())
    outcome = auxgen("demo")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert outcome.err.startswith(sentence)


def test_ctrl_c_leaves_with_130(auxgen: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auxgen.cli.main.run_command", stopped)
    assert_one_sentence(auxgen("demo"), "Stopped.", 130)


@pytest.mark.parametrize("kind", [OSError, RuntimeError])
def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    def broken(_: object) -> None:
        raise kind("no file in it")

    monkeypatch.setattr("auxgen.cli.main.run_command", broken)
    with pytest.raises(kind, match="no file in it"):
        main(["demo"])


def test_a_reader_that_goes_away_is_no_error() -> None:
    script = f"{sys.executable} -m auxgen --help | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("0\n")
    assert not done.stderr


def test_a_process_leaves_with_the_same_sentence_and_status() -> None:
    args = [sys.executable, "-m", "auxgen", "trian"]
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "There is no command 'trian'; did you mean 'train'?\n"
