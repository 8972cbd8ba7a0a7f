"""What each tracker is given, and that none of them ends a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from auxgen.engine.trackers import TRACKERS, GuardedTracker, TensorBoard, Tracker, open_trackers
from auxgen.errors import InputError

CONFIG = {"id": "abc123", "options": {"epochs": 3, "latent": 2}}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run, which run.json tells of."""
    folder = tmp_path / "moons"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(CONFIG))
    return folder


class Heard:
    """Stand-ins for the packages, which write down all that they are asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, Any, Any]] = []
        run = SimpleNamespace(log=self.listen("log"), finish=self.listen("finish"))
        init = self.listen("init", run)
        names = ("start_run", "log_params", "log_metrics", "end_run")
        packages = {"wandb": {"init": init}, "mlflow": {name: self.listen(name) for name in names}}
        for package, functions in packages.items():
            module = ModuleType(package)
            module.__dict__.update(functions)
            monkeypatch.setitem(sys.modules, package, module)

    def listen(self, name: str, answer: object = None) -> Any:
        def answer_it(*given: Any, **named: Any) -> object:
            self.asked.append((name, given, named))
            return answer

        return answer_it


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    return Heard(monkeypatch)


def test_wandb_goes_on_with_the_run_of_this_identity(heard: Heard, run: Path) -> None:
    (tracker,) = open_trackers(["wandb"], run)
    tracker.log_terms("vae", 7, {"loss": 0.5, "rate": 1.0})
    tracker.close()
    place = {"project": "auxgen", "name": "moons", "dir": str(run)}
    assert heard.asked == [
        ("init", (), {**place, "id": "abc123", "resume": "allow", "config": CONFIG}),
        ("log", ({"vae/loss": 0.5, "vae/rate": 1.0, "vae/step": 7},), {}),
        ("finish", (), {}),
    ]


def test_mlflow_is_given_the_options_and_the_identity(heard: Heard, run: Path) -> None:
    (tracker,) = open_trackers(["mlflow"], run)
    tracker.log_terms("vae", 7, {"loss": 0.5})
    tracker.close()
    assert heard.asked == [
        ("start_run", (), {"run_name": "moons", "tags": {"auxgen.id": "abc123"}}),
        ("log_params", (CONFIG["options"],), {}),
        ("log_metrics", ({"vae/loss": 0.5},), {"step": 7}),
        ("end_run", (), {}),
    ]


def test_a_folder_without_a_config_has_trackers_too(heard: Heard, tmp_path: Path) -> None:
    open_trackers(["wandb", "mlflow"], tmp_path)
    named = {name: (given, named) for name, given, named in heard.asked}
    assert named["init"][1]["id"] is None
    assert named["init"][1]["config"] == {}
    assert named["log_params"][0] == ({},)


def test_tensorboard_is_given_every_term_at_its_step(tmp_path: Path) -> None:
    asked: list[Any] = []
    writer = SimpleNamespace(
        add_scalar=lambda *given: asked.append(given), close=lambda: asked.append("closed")
    )
    opened: list[str] = []

    def open_writer(folder: str) -> SimpleNamespace:
        opened.append(folder)
        return writer

    tracker = TensorBoard(SimpleNamespace(SummaryWriter=open_writer), tmp_path)
    tracker.log_terms("vae", 3, {"loss": 0.5, "rate": 1.0})
    tracker.close()
    assert opened == [str(tmp_path / "tensorboard")]
    assert asked == [("vae/loss", 0.5, 3), ("vae/rate", 1.0, 3), "closed"]


@pytest.mark.parametrize("failing", ["log_terms", "close"])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("No key.\nOf a server."), "(No key)"),
        (KeyError(), "(KeyError)"),
        (OSError("  "), "(OSError)"),
    ],
)
def test_a_tracker_that_fails_is_told_once_and_never_asked_again(
    failing: str, error: Exception, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def fail(*_: object) -> None:
        asked.append(failing)
        raise error

    each = {name: lambda *_, name=name: asked.append(name) for name in ("log_terms", "close")}
    tracker = GuardedTracker("wandb", cast(Tracker, SimpleNamespace(**{**each, failing: fail})))
    if failing == "close":
        tracker.log_terms("vae", 1, {})
    for _ in range(2):
        tracker.log_terms("vae", 2, {}) if failing == "log_terms" else tracker.close()
        tracker.close()
    assert asked == (["log_terms"] if failing == "log_terms" else ["log_terms", "close"])
    assert capsys.readouterr().err == (
        f"--log wandb failed {told} and is left out from here on; metrics.jsonl has all numbers.\n"
    )


def test_where_one_does_not_start_those_before_it_are_closed(
    heard: Heard, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("No server.\nTraceback")

    monkeypatch.setattr(sys.modules["mlflow"], "start_run", refuse)
    with pytest.raises(InputError) as refused:
        open_trackers(["wandb", "mlflow"], run)
    assert str(refused.value) == (
        "--log mlflow does not start (No server); mend that and continue with: "
        f"auxgen train --resume {run} --log mlflow."
    )
    assert [name for name, *_ in heard.asked] == ["init", "finish"]


def test_an_unknown_tracker_is_refused_before_any_is_opened(heard: Heard, run: Path) -> None:
    with pytest.raises(InputError, match="tracker 'wandv'"):
        open_trackers(["mlflow", "wandv"], run)
    assert heard.asked == []
    assert set(TRACKERS) == {"tensorboard", "wandb", "mlflow"}
