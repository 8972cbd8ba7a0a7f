"""A stage that stops by held-out rows: when, with which weights, and what is told of it."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from laws import experiment
from safetensors.torch import load_file

from auxgen.engine import checkpoint
from auxgen.engine.loop import Training
from auxgen.errors import InputError, Interrupted
from auxgen.launch import resume, train
from auxgen.report import write_report
from auxgen.score import Score
from auxgen.stage import EarlyStopping, Stage

RISING = (3.0, 1.0, 2.0, 4.0, 0.5, 9.0)
"""Of looks every 2 rounds: the best of the first four is the second, and the fifth is better."""


@dataclass(frozen=True)
class Script:
    """A loss that is made up: looks at round 2, 4, and so on have one after another."""

    losses: Sequence[float] = RISING

    def __call__(self, method: Any) -> Score:
        return Score(self.losses[method.seen_after // 2 - 1], "", 1, "made up")


@pytest.fixture(autouse=True)
def _tell_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The average knows after how many rounds it was taken."""
    build = Training.build_averaged_method

    def build_and_tell(self: Training, batches: Any) -> Any:
        method = build(self, batches)
        method.seen_after = self.step  # pyright: ignore[reportArgumentType]
        return method

    monkeypatch.setattr(Training, "build_averaged_method", build_and_tell)


def make_stages(
    losses: Sequence[float] = RISING, patience: int = 2, steps: int = 12, **more: Any
) -> dict[str, Stage]:
    stage = experiment(steps=steps)["sdgm"]
    stopping = EarlyStopping(2, patience, "held_out", Script(losses), "made-up loss", **more)
    engine = replace(stage.engine, log_every=3)
    return {"sdgm": replace(stage, stopping=stopping, engine=engine)}


def load_weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "sdgm" / "model.safetensors")


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert torch.equal(value, b[name]), name


def read_lines(run: Path) -> list[dict[str, Any]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{**json.loads(line), "seconds": 0} for line in lines]


def read_ends(run: Path) -> Any:
    return json.loads((run / "run.json").read_text()).get("ends")


def train_quietly(stages: dict[str, Stage], run: Path) -> None:
    train(stages, run=run, device="cpu", quiet=True)


def test_a_rising_loss_ends_the_stage_and_the_best_weights_stay(tmp_path: Path) -> None:
    """They are those of a run that is as long as the best look, and not those of the end."""
    train_quietly(make_stages(), tmp_path / "stopped")
    assert read_lines(tmp_path / "stopped")[-1]["end"] == {"rounds": 12, "best": 4, "looks": 4}
    assert read_lines(tmp_path / "stopped")[-1]["step"] == 8
    looks = [o["scores"]["held_out"] for o in read_lines(tmp_path / "stopped") if "scores" in o]
    assert looks == list(RISING[:4])
    terms = [o["step"] for o in read_lines(tmp_path / "stopped") if "terms" in o]
    assert terms == [3, 6, 8]
    for steps in (4, 8):
        train_quietly(experiment(steps=steps), tmp_path / f"of{steps}")
    found, last = load_weights(tmp_path / "stopped"), load_weights(tmp_path / "of8")
    assert_same(found, load_weights(tmp_path / "of4"))
    assert any(not torch.equal(value, last[name]) for name, value in found.items())
    card = json.loads((tmp_path / "stopped" / "sdgm" / "config.json").read_text())["card"]
    assert card["steps"] == 4


def test_the_best_is_kept_where_all_rounds_are_played(tmp_path: Path) -> None:
    train_quietly(make_stages(patience=3), tmp_path / "run")
    train_quietly(experiment(steps=10), tmp_path / "best")
    assert_same(load_weights(tmp_path / "run"), load_weights(tmp_path / "best"))
    told = (
        "trained for all 12 rounds; the weights are those of round 10, the best of 6 looks at "
        "held-out rows"
    )
    assert read_ends(tmp_path / "run") == {"sdgm": told}


@pytest.mark.parametrize("steps", [7, 8])
def test_the_last_round_is_looked_at(steps: int, tmp_path: Path) -> None:
    train_quietly(make_stages((4.0, 3.0, 2.0, 1.0), steps=steps), tmp_path / "run")
    looks = [o["step"] for o in read_lines(tmp_path / "run") if "scores" in o]
    assert looks == sorted({2, 4, 6, steps})


def test_a_bound_is_best_where_it_is_largest(tmp_path: Path) -> None:
    losses = [-loss for loss in RISING]
    train_quietly(make_stages(losses, larger_is_better=True), tmp_path / "run")
    assert read_lines(tmp_path / "run")[-1]["end"] == {"rounds": 12, "best": 4, "looks": 4}


def test_looks_that_are_not_finite_end_nothing(tmp_path: Path) -> None:
    train_quietly(make_stages([float("nan")] * 6, patience=1), tmp_path / "run")
    train_quietly(experiment(steps=12), tmp_path / "whole")
    assert_same(load_weights(tmp_path / "run"), load_weights(tmp_path / "whole"))
    assert "no look gave a finite value" in read_ends(tmp_path / "run")["sdgm"]


def test_a_stage_without_it_leaves_nothing_of_it(tmp_path: Path) -> None:
    stage = experiment()["sdgm"]
    stages = {"sdgm": replace(stage, engine=replace(stage.engine, save_every=0.0))}
    train_quietly(stages, tmp_path / "run")
    config = json.loads((tmp_path / "run" / "run.json").read_text())
    assert not {"ends", "early_stopping"} & config.keys()
    assert not [o for o in read_lines(tmp_path / "run") if "end" in o or "scores" in o]
    for folder in (tmp_path / "run" / "checkpoints").iterdir():
        assert not (folder / "best.safetensors").exists()
        assert "looks" not in json.loads((folder / "state.json").read_text())


def disturb(monkeypatch: pytest.MonkeyPatch, step: int, *, kill: bool) -> None:
    """A signal comes in round `step`, or the process dies there."""
    played = Training.run_round

    def play(self: Training, batch: object) -> None:
        if self.step == step and kill:
            raise KeyboardInterrupt
        if self.step == step:
            signal.raise_signal(signal.SIGINT)
        played(self, batch)

    monkeypatch.setattr(Training, "run_round", play)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("undisturbed") / "run"


@pytest.mark.parametrize("stop", range(8))
def test_a_stopped_run_stops_early_as_an_undisturbed_one(
    stop: int, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the stop falls on the very last look, too."""
    if not undisturbed.exists():
        train_quietly(make_stages(), undisturbed)
    with monkeypatch.context() as patch:
        disturb(patch, stop, kill=False)
        with pytest.raises(Interrupted):
            train_quietly(make_stages(), tmp_path / "run")
    resume(tmp_path / "run", experiment=make_stages(), device="cpu", quiet=True)
    assert_same(load_weights(tmp_path / "run"), load_weights(undisturbed))
    assert read_lines(tmp_path / "run") == read_lines(undisturbed)
    assert read_ends(tmp_path / "run") == read_ends(undisturbed)


@pytest.mark.parametrize(("saved", "dead"), [(1, 5), (3, 7), (4, 7), (2, 4)])
def test_a_run_killed_looks_after_its_checkpoint_stops_early_as_well(
    saved: int, dead: int, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the best look was is that of the checkpoint, not what a dead process saw later."""
    if not undisturbed.exists():
        train_quietly(make_stages(), undisturbed)
    with monkeypatch.context() as patch:
        disturb(patch, saved, kill=False)
        with pytest.raises(Interrupted):
            train_quietly(make_stages(), tmp_path / "run")
    with monkeypatch.context() as patch:
        disturb(patch, dead, kill=True)
        with pytest.raises(KeyboardInterrupt):
            resume(tmp_path / "run", experiment=make_stages(), device="cpu", quiet=True)
    resume(tmp_path / "run", experiment=make_stages(), device="cpu", quiet=True)
    assert_same(load_weights(tmp_path / "run"), load_weights(undisturbed))
    assert read_lines(tmp_path / "run") == read_lines(undisturbed)


def test_a_run_killed_while_it_ends_tells_its_end_once(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not undisturbed.exists():
        train_quietly(make_stages(), undisturbed)
    stages = make_stages()
    stage = stages["sdgm"]
    stages["sdgm"] = replace(stage, engine=replace(stage.engine, save_every=0.0))

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("auxgen.runs.train.save_model", die)
        with pytest.raises(KeyboardInterrupt):
            train_quietly(stages, tmp_path / "run")
    resume(tmp_path / "run", experiment=make_stages(), device="cpu", quiet=True)
    assert_same(load_weights(tmp_path / "run"), load_weights(undisturbed))
    assert read_lines(tmp_path / "run") == read_lines(undisturbed)


@pytest.mark.parametrize("harm", ["truncated", "flipped", "gone"])
def test_best_weights_that_are_damaged_are_told(
    harm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        disturb(patch, 4, kill=False)
        with pytest.raises(Interrupted):
            train_quietly(make_stages(), tmp_path / "run")
    (newest,) = checkpoint.find_checkpoints(tmp_path / "run" / "checkpoints", "sdgm")
    file = newest / "best.safetensors"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data if harm == "flipped" else data[:-9])
    if harm == "gone":
        file.unlink()
    with pytest.raises(InputError, match=r"best.safetensors is damaged"):
        resume(tmp_path / "run", experiment=make_stages(), device="cpu", quiet=True)


def test_a_person_is_told_before_at_the_end_and_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(make_stages(), run=tmp_path / "run", device="cpu")
    end = (
        "stopped after 8 of 12 rounds; the weights are those of round 4, the best of 4 looks at "
        "held-out rows"
    )
    assert f"sdgm: {end}" in capsys.readouterr().err
    assert read_ends(tmp_path / "run") == {"sdgm": end}
    config = json.loads((tmp_path / "run" / "run.json").read_text())
    assert config["early_stopping"] == {
        "sdgm": "fewer if 2 looks in a row, one every 2 rounds, find no better made-up loss"
    }
    page = write_report([tmp_path / "run"], tmp_path / "page.html").read_text()
    assert f"; {end}" in page
    assert "early_stopping" not in page
