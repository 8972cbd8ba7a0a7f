"""A run that was stopped, whatever stopped it, ends as the run that never was."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from laws import experiment, mark_all_but_a_sample
from safetensors.torch import load_file
from warm import run_python

from auxgen.engine import checkpoint
from auxgen.errors import InputError, Interrupted, NotSaved
from auxgen.launch import resume, train
from auxgen.runs.folder import Run
from auxgen.score import Score
from auxgen.stage import Monitor, Stage

KILLED = """
import os, signal, sys, torch
from dataclasses import replace
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from laws import experiment
from auxgen.launch import train
import auxgen.runs.train as training

stages = experiment(method={method!r}, steps=6)
played = training.Training.run_round

def play_then_die(self, batch):
    if self.step == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    played(self, batch)

training.Training.run_round = play_then_die
stage = stages[{method!r}]
stages[{method!r}] = replace(stage, engine=replace(stage.engine, save_every=0.0))
train(stages, run={run!r}, device="cpu", quiet=True)
"""


def weights(run: Path, stage: str) -> dict[str, torch.Tensor]:
    return load_file(run / stage / "model.safetensors")


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert torch.equal(value, b[name]), name


@pytest.mark.parametrize("method", mark_all_but_a_sample())
def test_a_run_killed_at_once_goes_on_to_the_same_bits(method: str, tmp_path: Path) -> None:
    code = KILLED.format(
        tests=str(Path(__file__).parent.parent), method=method, run=str(tmp_path / "killed")
    )
    killed = run_python("-c", code)
    assert killed.returncode == -signal.SIGKILL
    assert checkpoint.find_checkpoints(tmp_path / "killed" / "checkpoints", method)
    train(experiment(method=method), run=tmp_path / "whole", device="cpu", quiet=True)
    resume(tmp_path / "killed", experiment=experiment(method=method), device="cpu", quiet=True)
    assert_same(weights(tmp_path / "killed", method), weights(tmp_path / "whole", method))


def stopped_at(step: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal comes while round `step` is played."""
    from auxgen.engine.loop import Training

    played = Training.run_round

    def play(self: Training, batch: object) -> None:
        if self.step == step:
            signal.raise_signal(number)
        played(self, batch)

    monkeypatch.setattr(Training, "run_round", play)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stopped_at(3, number, patch)
        with pytest.raises(Interrupted, match="auxgen train --resume"):
            train(experiment(), run=tmp_path / "run", device="cpu", quiet=True)
    assert [p.name for p in (tmp_path / "run" / "checkpoints").iterdir()] == ["sdgm-4"]
    train(experiment(), run=tmp_path / "whole", device="cpu", quiet=True)
    resume(tmp_path / "run", experiment=experiment(), device="cpu", quiet=True)
    assert_same(weights(tmp_path / "run", "sdgm"), weights(tmp_path / "whole", "sdgm"))
    steps = [line["step"] for line in lines(tmp_path / "run")]
    assert steps == [line["step"] for line in lines(tmp_path / "whole")]


def lines(run: Path) -> list[dict[str, Any]]:
    from auxgen.runs.metrics_file import MetricsFile

    return MetricsFile(run / "metrics.jsonl").read_lines()


@pytest.mark.parametrize("step", range(6))
def test_the_log_of_a_stopped_run_is_that_of_an_undisturbed_one(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terms every 4 steps, so that a stop falls into a mean, and scores every 2."""

    def make_stages() -> dict[str, Stage]:
        stage = experiment(steps=7)["sdgm"]
        engine = replace(stage.engine, log_every=4)
        return {
            "sdgm": replace(stage, engine=engine, monitor=Monitor(2, {"size": measure_weights}))
        }

    with monkeypatch.context() as patch:
        stopped_at(step, signal.SIGINT, patch)
        with pytest.raises(Interrupted):
            train(make_stages(), run=tmp_path / "run", device="cpu", quiet=True)
    train(make_stages(), run=tmp_path / "whole", device="cpu", quiet=True)
    resume(tmp_path / "run", experiment=make_stages(), device="cpu", quiet=True)
    found, expected = ([{**o, "seconds": 0} for o in lines(tmp_path / n)] for n in ("run", "whole"))
    assert found == expected
    assert [o["step"] for o in found if "scores" in o] == [2, 4, 6]
    assert [o["step"] for o in found if "terms" in o] == [4, 7]
    seconds = [o["seconds"] for o in lines(tmp_path / "run")]
    assert seconds == sorted(seconds)


def measure_weights(method: Any) -> Score:
    """The mean size of the weights."""
    size = torch.cat([p.flatten().abs() for p in method.parameters()]).mean().item()
    return Score(size, "", 1, "all weights")


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run stopped after step 4 of 6."""
    with monkeypatch.context() as patch:
        stopped_at(3, signal.SIGINT, patch)
        with pytest.raises(Interrupted):
            train(experiment(), run=tmp_path / "run", device="cpu", quiet=True)
    return tmp_path / "run"


@pytest.mark.parametrize("file", ["model.safetensors", "average.safetensors", "state.json"])
@pytest.mark.parametrize("harm", ["truncated", "flipped"])
def test_a_damaged_checkpoint_is_told_and_left_alone(stopped: Path, file: str, harm: str) -> None:
    path = stopped / "checkpoints" / "sdgm-4" / file
    data = bytearray(path.read_bytes())
    if harm == "truncated":
        data = data[: len(data) // 2]
    else:
        data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError):
        resume(stopped, experiment=experiment(), device="cpu", quiet=True)
    assert path.read_bytes() == bytes(data)


@pytest.mark.parametrize("file", ["model.safetensors", "average.safetensors"])
def test_a_checkpoint_that_lacks_a_file_is_told(stopped: Path, file: str) -> None:
    (stopped / "checkpoints" / "sdgm-4" / file).unlink()
    with pytest.raises(InputError, match=rf"{file} is damaged \(0 bytes"):
        resume(stopped, experiment=experiment(), device="cpu", quiet=True)


@pytest.mark.parametrize(
    "change", [{"ranks": 1.0}, {"optimizers": {"model/0/x": 1}}, {"note": "new"}]
)
def test_a_changed_state_of_a_checkpoint_is_refused(stopped: Path, change: dict[str, Any]) -> None:
    file = stopped / "checkpoints" / "sdgm-4" / "state.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(InputError, match=r"state.json is damaged: its checksum"):
        resume(stopped, experiment=experiment(), device="cpu", quiet=True)


def test_a_state_without_a_checksum_as_earlier_versions_wrote_it_resumes(stopped: Path) -> None:
    file = stopped / "checkpoints" / "sdgm-4" / "state.json"
    state = json.loads(file.read_text())
    del state["sha256"]["state.json"]
    file.write_text(json.dumps(state))
    run = resume(stopped, experiment=experiment(), device="cpu", quiet=True)
    assert run.trained_stages() == ["sdgm"]


@pytest.mark.parametrize("checkpoints", [True, False])
def test_another_number_of_ranks_is_refused_before_the_first_checkpoint_too(
    stopped: Path, checkpoints: bool
) -> None:
    if not checkpoints:
        shutil.rmtree(stopped / "checkpoints")
    config = json.loads((stopped / "run.json").read_text())
    (stopped / "run.json").write_text(json.dumps({**config, "ranks": 2}))
    with pytest.raises(InputError, match="began with 2 ranks and this is a run on 1"):
        resume(stopped, experiment=experiment(), device="cpu", quiet=True)


def test_other_versions_are_told_and_the_run_goes_on(
    stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = json.loads((stopped / "run.json").read_text())
    config["versions"]["torch"] = "1.0"
    (stopped / "run.json").write_text(json.dumps(config))
    resume(stopped, experiment=experiment(), device="cpu", quiet=True)
    assert f"{stopped} began with torch 1.0, now {torch.__version__}" in capsys.readouterr().err


def test_a_checkpoint_of_another_run_is_refused(stopped: Path, tmp_path: Path) -> None:
    other = train(experiment(steps=2), run=tmp_path / "other", device="cpu", quiet=True)
    (stopped / "checkpoints" / "sdgm-4").rename(other.path / "checkpoints" / "sdgm-4")
    (other.path / "sdgm" / "model.safetensors").unlink()
    with pytest.raises(InputError, match="belongs to another experiment"):
        resume(other.path, experiment=experiment(), device="cpu", quiet=True)


def test_a_checkpoint_that_the_experiment_no_longer_fits_is_refused(stopped: Path) -> None:
    changed = {"sdgm": experiment(method="m2")["m2"]}
    with pytest.raises(InputError, match="does not fit") as refused:
        resume(stopped, experiment=changed, device="cpu", quiet=True)
    text = str(refused.value)
    assert text.count(". ") == 0
    assert text.endswith("resume with what wrote it, or train a new run.")


def test_a_full_device_is_told_and_the_last_checkpoint_stays(stopped: Path) -> None:
    """A file-size limit stands in for a full device: the write fails in the same place."""
    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from dataclasses import replace
from laws import experiment
from auxgen.errors import NotSaved
from auxgen.launch import resume
stages = experiment()
stages["sdgm"] = replace(stages["sdgm"], engine=replace(stages["sdgm"].engine, save_every=0.0))
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    resume({str(stopped)!r}, experiment=stages, device="cpu", quiet=True)
except NotSaved as error:
    print(error)
"""
    told = run_python("-c", code)
    assert told.returncode == 0, told.stderr
    assert "no space is left; step 4 is good" in told.stdout
    assert [p.name for p in (stopped / "checkpoints").iterdir()] == ["sdgm-4"]
    resume(stopped, experiment=experiment(), device="cpu", quiet=True)
    assert Run(stopped).trained_stages() == ["sdgm"]


def test_a_full_device_at_the_start_leaves_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(NotSaved, match="no space is left"):
        train(experiment(), run=tmp_path / "run", device="cpu", quiet=True)
