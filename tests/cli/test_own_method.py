"""A method of a person's own file, which no builder makes: its run is used by naming that file."""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Command, assert_refused, left_with
from laws import stage

import auxgen as public
from auxgen.launch import rebuild_experiment
from auxgen.runs.folder import Run

OWN = '''
from dataclasses import replace
from pathlib import Path

from laws import stage

Path(__file__).with_name("executed").touch()


def experiment(*, seed: int = 0):
    """A model of six numbers."""
    return {"own": replace(stage("sdgm", 4), recipe=None)}
'''


@pytest.fixture(scope="module")
def own_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.py").write_text(OWN)
    run = folder / "run"
    assert left_with(["train", str(folder / "mine.py"), "--run", str(run), "--device", "cpu"]) == 0
    return run


def test_what_no_builder_makes_is_told_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_recipe = stage("sdgm", 0)
    stages = {"own": replace(with_recipe, recipe=None), "ours": with_recipe}
    public.train(stages, run=tmp_path / "run", device="cpu")
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(
        "own: no builder makes it, so that its run keeps weights and no model"
    )
    assert not any(line.startswith("ours: no builder") for line in told)


def test_its_run_is_finished_and_lacks_a_builder(
    auxgen: Command, own_run: Path, tmp_path: Path
) -> None:
    for command in (("sample", "--out", tmp_path / "x.npy"), ("export", tmp_path / "artefact")):
        outcome = auxgen(command[0], own_run, *command[1:])
        assert_refused(outcome, "weights of stage own", "no builder", f"{own_run}/experiment.py")
    assert not (own_run / "executed").exists()
    assert not list(tmp_path.iterdir())


def test_its_run_is_sampled_predicted_and_evaluated_by_its_own_file(
    auxgen: Command, own_run: Path, tmp_path: Path
) -> None:
    file, rows = own_run / "experiment.py", tmp_path / "rows.npy"
    np.save(rows, np.random.default_rng(0).random((4, 6)).astype(np.float32))
    outcome = auxgen("sample", file, "--n", "3", "--out", tmp_path / "x.npy")
    assert outcome.status == 0, outcome.err
    assert outcome.err == f"running your file {file}\n"
    model = public.load(own_run, experiment=rebuild_experiment(Run(own_run)))
    assert np.array_equal(np.load(tmp_path / "x.npy"), model.sample(3))
    classes = [line.split("\t")[1] for line in auxgen("predict", file, rows).out.splitlines()]
    assert classes == model.predict(np.load(rows)).names
    assert auxgen("embed", file, rows, "--stage", "own", "--out", tmp_path / "z.npz").status == 0
    assert auxgen("evaluate", own_run).status == 0


def test_a_file_that_no_run_has_is_refused(auxgen: Command, tmp_path: Path) -> None:
    (tmp_path / "experiment.py").write_text(OWN)
    outcome = auxgen("sample", tmp_path / "experiment.py", "--out", tmp_path / "x.npy")
    assert_refused(outcome, "is no run: it has no run.json")
    assert not (tmp_path / "executed").exists()


def change_file(run: Path) -> None:
    file = run / "experiment.py"
    file.write_text(file.read_text() + "\n# changed\n")


def drop_checksum(run: Path) -> None:
    config = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**config, "experiment_sha256": None}))


def name_another_file(run: Path) -> None:
    (run / "experiment.py").rename(run.parent / "other.py")
    config = json.loads((run / "run.json").read_text())
    text = json.dumps({**config, "experiment": str(run.parent / "other.py")})
    (run / "run.json").write_text(text)


@pytest.mark.parametrize("harm", [change_file, drop_checksum, name_another_file])
def test_a_file_that_a_run_was_not_made_from_is_never_run(
    harm: Callable[[Path], None], auxgen: Command, own_run: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(own_run, tmp_path / "run"))
    (run / "executed").unlink(missing_ok=True)
    harm(run)
    assert_refused(auxgen("evaluate", run), "is not the file that")
    assert_refused(auxgen("train", "--resume", run), "is not the file that")
    outcome = auxgen("report", run)  # shows what is stored
    assert outcome.status == 0
    assert "is not the file that" in outcome.err
    assert not list(tmp_path.rglob("executed"))


def test_compiled_code_beside_a_runs_file_is_never_run(
    auxgen: Command, own_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger can give it the time and the size of the file whose checksum is right."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    run = Path(shutil.copytree(own_run, tmp_path / "run"))
    file, hostile = run / "experiment.py", tmp_path / "hostile.py"
    hostile.write_text(f"from pathlib import Path\nPath({str(tmp_path / 'hacked')!r}).touch()\n")
    of_file = file.stat()
    hostile.write_text(hostile.read_text().ljust(of_file.st_size - 1, "#") + "\n")
    assert hostile.stat().st_size == of_file.st_size
    os.utime(hostile, ns=(of_file.st_atime_ns, of_file.st_mtime_ns))
    compiled = Path(importlib.util.cache_from_source(str(file)))
    py_compile.compile(str(hostile), str(compiled), doraise=True)
    assert auxgen("evaluate", run).status == 0
    assert not (tmp_path / "hacked").exists()
    shutil.rmtree(compiled.parent)
    assert auxgen("evaluate", run).status == 0
    assert not compiled.parent.exists()


def test_a_run_of_ours_never_runs_a_file_that_lies_in_it(
    auxgen: Command, own_run: Path, tmp_path: Path
) -> None:
    run = auxgen("train", "adgm.half_moons", "--epochs", "0.01", "--run", tmp_path / "run")
    assert run.status == 0, run.err
    shutil.copy(own_run / "experiment.py", tmp_path / "run")
    outcome = auxgen("train", "--resume", tmp_path / "run")
    assert outcome.status == 0, outcome.err
    assert not list(tmp_path.rglob("executed"))


def test_a_run_says_that_it_runs_its_file(auxgen: Command, own_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(own_run, tmp_path / "run"))
    for args in (("evaluate", run), ("report", run), ("train", "--resume", run)):
        assert f"running your file {run}/experiment.py\n" in auxgen(*args).err
