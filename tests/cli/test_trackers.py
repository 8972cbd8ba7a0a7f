"""Trackers get what metrics.jsonl gets."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cli.conftest import Command, assert_refused

from auxgen.engine.trackers import open_trackers
from auxgen.errors import InputError


def test_tensorboard_gets_the_terms_of_a_run(auxgen: Command, own: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tmp_path / "run"
    outcome = auxgen("train", own, "--run", run, "--device", "cpu", "--log", "tensorboard")
    assert outcome.status == 0, outcome.err
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    assert [e.step for e in events.Scalars("sdgm/labelled")] == [2, 4]


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_tracker_that_is_not_installed_names_the_extra(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=r"pip install 'auxgen\[trackers\]'"):
        open_trackers([name], tmp_path)


def raise_usage_error(*_: Any, **__: Any) -> None:
    raise RuntimeError("No key is known. Log in.\nTraceback of a server")


def test_a_tracker_that_does_not_start_says_why_and_the_run_can_go_on(
    auxgen: Command, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = ModuleType("wandb")
    wandb.__dict__.update(init=raise_usage_error)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    run = tmp_path / "run"
    outcome = auxgen("train", own, "--run", run, "--device", "cpu", "--log", "wandb")
    assert_refused(outcome, "(No key is known. Log in);", f"auxgen train --resume {run} --log")
    assert auxgen("train", "--resume", run, "--device", "cpu").status == 0


@pytest.mark.parametrize("broken", ["log", "finish"])
def test_a_tracker_that_fails_is_left_out_once_and_training_ends_well(
    broken: str, auxgen: Command, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = ModuleType("wandb")
    calls = {"log": lambda _: None, "finish": lambda: None, broken: raise_usage_error}
    wandb.__dict__.update(init=lambda **_: SimpleNamespace(**calls))
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    run = tmp_path / "run"
    outcome = auxgen("train", own, "--run", run, "--device", "cpu", "--log", "wandb")
    assert outcome.status == 0, outcome.err
    assert outcome.err.count("--log wandb failed (No key is known. Log in)") == 1
    assert "Traceback" not in outcome.err
    assert (run / "sdgm" / "model.safetensors").exists()


def test_wandb_and_mlflow_get_names_and_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, Any]] = []
    run = SimpleNamespace(log=lambda v: heard.append(("wandb", v)), finish=lambda: None)
    wandb, mlflow = ModuleType("wandb"), ModuleType("mlflow")
    wandb.__dict__.update(init=lambda **_: run)
    mlflow.__dict__.update(
        start_run=lambda **_: None,
        log_params=lambda _: None,
        log_metrics=lambda v, step: heard.append(("mlflow", (v, step))),
        end_run=lambda: None,
    )
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    logs = open_trackers(["wandb", "mlflow"], tmp_path)
    for log in logs:
        log.log_terms("sdgm", 7, {"loss": 0.5})
        log.close()
    assert heard == [
        ("wandb", {"sdgm/loss": 0.5, "sdgm/step": 7}),
        ("mlflow", ({"sdgm/loss": 0.5}, 7)),
    ]
