"""Trackers that people already use, behind one small Protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, final

from ..errors import InputError, unknown_name


class Tracker(Protocol):
    """Where numbers go besides metrics.jsonl."""

    def log_terms(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        """Write named numbers of a stage at a step."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


@final
class TensorBoard:
    """Event files in RUN/tensorboard."""

    def __init__(self, run: Path) -> None:
        module = _import_tracker_package("torch.utils.tensorboard", "tensorboard")
        self.writer = module.SummaryWriter(str(run / "tensorboard"))

    def log_terms(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.writer.add_scalar(f"{stage}/{name}", value, step)

    def close(self) -> None:
        self.writer.close()


@final
class WeightsAndBiases:
    """A run of Weights & Biases, named like the folder; it goes on when the run is resumed.

    Steps start again with every stage, so each stage's numbers have a step of their own.
    """

    def __init__(self, run: Path) -> None:
        asked = _read_run_config(run)
        self.run = _import_tracker_package("wandb", "wandb").init(
            project="auxgen",
            name=run.name,
            id=asked.get("id"),
            resume="allow",
            dir=str(run),
            config=asked,
        )

    def log_terms(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        self.run.log({f"{stage}/{n}": v for n, v in values.items()} | {f"{stage}/step": step})

    def close(self) -> None:
        self.run.finish()


@final
class MLflow:
    """A run of MLflow, named like the folder; another one each time that training goes on."""

    def __init__(self, run: Path) -> None:
        self.mlflow = _import_tracker_package("mlflow", "mlflow")
        asked = _read_run_config(run)
        self.mlflow.start_run(run_name=run.name, tags={"auxgen.id": str(asked.get("id"))})
        self.mlflow.log_params(asked.get("options", {}))

    def log_terms(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        self.mlflow.log_metrics({f"{stage}/{n}": v for n, v in values.items()}, step=step)

    def close(self) -> None:
        self.mlflow.end_run()


TRACKERS: Mapping[str, Callable[[Path], Tracker]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
    "mlflow": MLflow,
}


def open_trackers(names: Sequence[str], run: Path) -> list[Tracker]:
    """The trackers of these names, for a run's folder.

    Raises:
        InputError: There is no such tracker, or it is not installed.
    """
    check_trackers(names)
    return [TRACKERS[name](run) for name in names]


def check_trackers(names: Sequence[str]) -> None:
    """Refuse a tracker before anything is made.

    Raises:
        InputError: There is no such tracker, or it is not installed.
    """
    for name in names:
        if name not in TRACKERS:
            raise unknown_name("tracker", name, TRACKERS)
        _import_tracker_package(name, name)


def _read_run_config(run: Path) -> dict[str, Any]:
    """What run.json says, where there is one."""
    file = run / "run.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _import_tracker_package(module: str, package: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"--log {package} needs a package that is missing: pip install 'auxgen[trackers]'."
        ) from error
