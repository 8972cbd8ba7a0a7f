"""Trackers that people already use, behind one small Protocol."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, final

from ..errors import InputError, take_first_line, unknown_name


class Tracker(Protocol):
    """A place for numbers beside metrics.jsonl."""

    def log_terms(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        """Write named numbers of a stage at a step."""

    def close(self) -> None:
        """Nothing more will come."""


@final
class TensorBoard:
    """Event files in RUN/tensorboard."""

    def __init__(self, tensorboard: Any, run: Path) -> None:
        self.writer = tensorboard.SummaryWriter(str(run / "tensorboard"))

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

    def __init__(self, wandb: Any, run: Path) -> None:
        config = _read_run_config(run)
        place = {"project": "auxgen", "name": run.name, "dir": str(run)}
        self.run = wandb.init(**place, id=config.get("id"), resume="allow", config=config)

    def log_terms(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        self.run.log({f"{stage}/{n}": v for n, v in values.items()} | {f"{stage}/step": step})

    def close(self) -> None:
        self.run.finish()


@final
class MLflow:
    """A run of MLflow, named like the folder; another one each time that training goes on."""

    def __init__(self, mlflow: Any, run: Path) -> None:
        self.mlflow, config = mlflow, _read_run_config(run)
        mlflow.start_run(run_name=run.name, tags={"auxgen.id": str(config.get("id"))})
        mlflow.log_params(config.get("options", {}))

    def log_terms(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        self.mlflow.log_metrics({f"{stage}/{n}": v for n, v in values.items()}, step=step)

    def close(self) -> None:
        self.mlflow.end_run()


@final
class GuardedTracker:
    """Another tracker, given up with a sentence on stderr when it fails while a model is trained.

    Servers, networks and other people's packages must not end a run.
    """

    def __init__(self, name: str, tracker: Tracker) -> None:
        self.name = name
        self.tracker: Tracker | None = tracker

    def log_terms(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        self._ask(lambda tracker: tracker.log_terms(stage, step, values))

    def close(self) -> None:
        self._ask(lambda tracker: tracker.close())

    def _ask(self, work: Callable[[Tracker], None]) -> None:
        if self.tracker is None:
            return
        try:
            work(self.tracker)
        except Exception as error:
            self.tracker, why = None, take_first_line(error)
            print(
                f"--log {self.name} failed ({why}) and is left out from here on; "
                "metrics.jsonl has all numbers.",
                file=sys.stderr,
            )


TRACKERS: Mapping[str, tuple[str, Callable[[Any, Path], Tracker]]] = {
    "tensorboard": ("torch.utils.tensorboard", TensorBoard),
    "wandb": ("wandb", WeightsAndBiases),
    "mlflow": ("mlflow", MLflow),
}
"""Trackers by name: the module that they need, and what opens them, of it and a run's folder."""


def open_trackers(names: Sequence[str], run: Path) -> list[Tracker]:
    """The trackers of these names, for a run's folder.

    Raises:
        InputError: There is no such tracker, it is not installed, or it does not start.
    """
    opened: list[Tracker] = []
    for name, module in check_trackers(names).items():
        try:
            opened.append(GuardedTracker(name, TRACKERS[name][1](module, run)))
        except Exception as error:  # of other people's packages, such as one that wants a login
            for tracker in opened:
                tracker.close()
            raise InputError(
                f"--log {name} does not start ({take_first_line(error)}); mend that and continue "
                f"with: auxgen train --resume {run} --log {name}."
            ) from error
    return opened


def check_trackers(names: Sequence[str]) -> dict[str, ModuleType]:
    """Refuse a tracker before anything is made; returns the modules that they need by name.

    Raises:
        InputError: There is no such tracker, or it is not installed.
    """
    modules = {}
    for name in names:
        if name not in TRACKERS:
            raise unknown_name("tracker", name, TRACKERS)
        try:
            modules[name] = import_module(TRACKERS[name][0])
        except ImportError as error:
            raise InputError(
                f"--log {name} needs a package that is missing: pip install 'auxgen[trackers]'."
            ) from error
    return modules


def _read_run_config(run: Path) -> dict[str, Any]:
    """What run.json says, where there is one."""
    file = run / "run.json"
    return json.loads(file.read_text()) if file.exists() else {}
