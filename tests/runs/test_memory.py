"""A round that does not fit in memory: the largest batch tried that does, and the command."""

from __future__ import annotations

import json
import resource
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import auxgen
from auxgen.cli.main import main, run_command
from auxgen.engine.loop import Training
from auxgen.engine.memory import count_rows
from auxgen.errors import OutOfMemory
from auxgen.launch import resume
from auxgen.method import Moves
from auxgen.methods.semi_supervised_model import SemiSupervisedModel

HUNGRY = '''
from dataclasses import replace
from laws import stage
from auxgen.data.batches import SemiSupervisedBatches

def experiment(
    *, seed: int = 0, batch: int = 16, limit: int = 5, first: int = 0, steps: int = 8,
    hidden: int = 8, other_batch: int = 3, names: tuple[str, ...] = (), quick: bool = False,
):
    """A model whose rounds from the first on fit with so many rows."""
    found = stage("sdgm", steps, save_every=0.0)
    method, old = found.method, found.batches
    kind = type(method)

    def round(self, rows, step):
        if len(rows.x_unlabelled) > limit and step >= first:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")
        return kind.round(self, rows, step)

    method.__class__ = type("Hungry", (kind,), {"round": round})
    batches = SemiSupervisedBatches(old.x, old.y, old.x_unlabelled, batch, batch, 0, old.corruption)
    return {"model": replace(found, method=method, batches=batches)}
'''
LIMIT = 15


@pytest.fixture
def hungry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("my file.py").write_text(HUNGRY)
    return tmp_path


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of models of few labels fit with 15 rows."""
    play = SemiSupervisedModel.round

    def round_(self: Any, batch: Any, step: torch.Tensor) -> Moves:
        if len(batch.x_unlabelled) > LIMIT:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return play(self, batch, step)

    monkeypatch.setattr(SemiSupervisedModel, "round", round_)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    y = np.arange(90) % 2
    rows = pd.DataFrame({"a": y + np.random.default_rng(0).normal(size=90), "kind": y})
    rows.to_csv(tmp_path / "my table.csv", index=False)
    return tmp_path / "my table.csv"


def train(*words: str) -> str:
    """What is told where a round does not fit."""
    with pytest.raises(OutOfMemory) as told:
        run_command(["train", *words])
    assert told.value.status == 2
    return str(told.value)


def paste(told: str) -> list[str]:
    """The words after auxgen of the command that a sentence ends with."""
    name, *words = shlex.split(told.partition("train with: ")[2])
    assert name == "auxgen"
    return words


def test_the_command_that_is_offered_trains(hungry: Path, capsys: Any) -> None:
    given = ("--limit", "7", "--names", "a b", "c", "--quick", "--seed", "3", "--device", "cpu")
    told = train("my file.py", "--run", "my runs/a", *given)
    assert told.startswith(
        "The memory of this machine is full in round 1 of stage model, whose batch has 16 rows: a "
        "round with 4 fits; train with: auxgen train 'my file.py' "
    )
    assert not list(hungry.glob("my runs/a/*-model*"))
    run_command(paste(told))
    assert "trained model" in capsys.readouterr().out
    first, second = (
        json.loads((hungry / f"my runs/{r}/run.json").read_text()) for r in ("a", "a-2")
    )
    assert second["options"] == {**first["options"], "batch": 4}
    assert second["options"]["names"] == ["a b", "c"]
    assert second["seed"] == 3


def test_rounds_that_fitted_are_kept(hungry: Path) -> None:
    told = train("my file.py", "--run", "a", "--first", "5", "--device", "cpu")
    assert "in round 6 of stage model" in told
    assert "the checkpoint of step 5 is kept" in told
    assert "auxgen train --from-checkpoint a@5 --device cpu --batch 4 --run a-2" in told
    before = {p: p.read_bytes() for p in Path("a").rglob("*") if p.is_file()}
    with pytest.raises(OutOfMemory) as again:
        resume("a", device="cpu", quiet=True)
    assert "--from-checkpoint a@5 --device cpu --batch 4" in str(again.value)
    run_command(paste(told))
    assert (Path("a-2") / "model" / "model.safetensors").exists()
    assert {p: p.read_bytes() for p in before} == before


def test_none_that_fits(hungry: Path) -> None:
    told = train("my file.py", "--run", "a", "--limit", "0")
    assert told.endswith("no smaller batch that was tried fits either, so make --hidden smaller.")


def test_stages_without_a_name_are_told_the_rows(hungry: Path) -> None:
    scope: dict[str, Any] = {}
    exec(HUNGRY, scope)
    with pytest.raises(OutOfMemory, match="a round with 4 fits, so make the batch that small"):
        auxgen.train(scope["experiment"](), run="a", device="cpu", quiet=True)


@pytest.mark.usefixtures("limited")
def test_own_rows_are_refused_before_there_is_a_run(table: Path, tmp_path: Path) -> None:
    """The time of a round is told before; there the memory is full first."""
    run = tmp_path / "run"
    words = ("--data", str(table), "--label", "kind", "--hidden", "8", "--steps", "400")
    told = train("adgm.own", "--run", str(run), "--batch", "60", *words)
    assert "The memory of the device is full" in told
    assert "a round with 7 fits" in told
    assert not run.exists()
    assert "--batch 7" in told
    assert paste(told)[-2:] == ["--run", str(run)]
    run_command([*paste(told), "--steps", "3"])
    assert (run / "sdgm" / "model.safetensors").exists()


@pytest.mark.usefixtures("limited")
def test_where_the_precision_is_measured_the_run_begins_in_float32(
    table: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("auxgen.launch.names_own_data", lambda options: False)
    words = ("--data", str(table), "--label", "kind", "--hidden", "8", "--steps", "400")
    told = train("adgm.own", "--run", str(tmp_path / "run"), "--batch", "60", *words)
    assert "bfloat16 beside it does not fit in memory" in capsys.readouterr().err
    assert "a round with 7 fits" in told
    assert paste(told)[-1] == str(tmp_path / "run-2")
    assert not list((tmp_path / "cache").rglob("*.safetensors"))  # no time was measured


@pytest.mark.parametrize("model", ["m2", "sdgm", "committee"])
def test_estimators_name_the_batch(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    play, axis = Training.run_round, 1 if model == "committee" else 0

    def run_round(self: Training, batch: object) -> None:
        if count_rows(batch, axis) > LIMIT:
            raise MemoryError
        play(self, batch)

    monkeypatch.setattr(Training, "run_round", run_round)
    x, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    estimator = auxgen.SemiSupervisedClassifier(model, hidden=8, latent=2, steps=3, batch=50)
    with pytest.raises(OutOfMemory, match=r"whose batch has 50 rows: .* so give batch=12"):
        estimator.fit(x, y)
    density = auxgen.GenerativeModel(hidden=8, latent=2, steps=3, batch=50)
    if model == "m2":
        with pytest.raises(OutOfMemory, match="so give batch=12"):
            density.fit(x)
        density.set_params(batch=12).fit(x)


def test_the_command_line_leaves_with_one_sentence(
    hungry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", "my file.py", "--run", "a", "--device", "cpu"])
    lines = capsys.readouterr().err.splitlines()
    assert left.value.code == 2
    assert len([line for line in lines if "memory" in line]) == 1
    assert "Traceback" not in "".join(lines)


CHILD = """
import resource, sys, tempfile
import torch
from auxgen.cli.main import main
torch.set_num_threads(1)
words, run = sys.argv[2:], tempfile.mkdtemp()
small = ["--batch", "4", "--steps", "2", "--run", run + "/run"]
main([*words, *small])  # what is imported takes no part of the limit
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]), -1))
main(words)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")
def test_a_real_allocator_that_refuses(table: Path, tmp_path: Path) -> None:
    words = ["train", "adgm.own", "--data", str(table), "--label", "kind", "--steps", "4"]
    words += ["--hidden", "256", "--run", str(tmp_path / "run"), "--device", "cpu"]
    limit = [sys.executable, "-c", CHILD, str(200 * 2**20)]
    full = subprocess.run([*limit, *words, "--batch", "16384"], capture_output=True, text=True)
    assert full.returncode == 2, full.stderr
    assert "The memory of this machine is full in round 1 of stage sdgm" in full.stderr
    assert not (tmp_path / "run").exists()
    done = subprocess.run([*limit, *paste(full.stderr)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert resource.getrlimit(resource.RLIMIT_AS)[1] == resource.RLIM_INFINITY
