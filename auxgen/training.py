"""Training an experiment into a run's folder: checkpoints, log, monitor, artefacts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from . import artefact
from .data.batches import seed_of
from .engine import checkpoint
from .engine.loop import Training
from .engine.ranks import Ranks, ranks
from .engine.settings import Precision
from .engine.trackers import Log, open_logs
from .engine.watch import Metrics, Progress, Stop, diagnose, signals
from .errors import InputError, Interrupted, NotSaved
from .evaluating import scores_of
from .experiment import Experiment, Stage
from .experiments import find
from .run import Run, asked, chosen, defaults, made, remade


@dataclass(frozen=True)
class Settings:
    """How this machine trains: device, precision, trackers, and whether progress is shown."""

    device: str
    precision: Precision | None
    log: tuple[str, ...]
    quiet: bool


class Session:
    """One stage between its start, or the checkpoint it goes on from, and its artefact."""

    def __init__(
        self,
        path: Path,
        asked: dict[str, Any],
        name: str,
        index: int,
        stage: Stage,
        ranks: Ranks,
        settings: Settings,
    ) -> None:
        self.path, self.asked, self.name, self.stage = path, asked, name, stage
        self.ranks, self.settings = ranks, settings
        seed = seed_of(asked["seed"], 5, index)
        if stage.start is not None:
            torch.manual_seed(seed)
            stage.start(stage.method)
        self.training = Training(
            stage.method,
            stage.engine,
            seed=seed,
            device=settings.device,
            precision=settings.precision,
            ranks=ranks,
        )
        self.metrics = Metrics(path / "metrics.jsonl")
        self.checkpoints, self.saved = path / "checkpoints", None
        self.begun, self.last_save = time.monotonic(), time.monotonic()
        self.logs: list[Log] = open_logs(settings.log, path) if ranks.first else []

    def go_back(self) -> None:
        """To the newest checkpoint, if there is one."""
        found = checkpoint.of_stage(self.checkpoints, self.name)
        if found:
            checkpoint.load(found[-1], self.name, self.asked["id"], self.training)
            self.saved = self.training.step
        if self.ranks.first:
            self.metrics.forget_after(self.name, self.training.step)

    def play(self, stop: Stop) -> None:
        """The rounds that are left."""
        training, engine = self.training, self.stage.engine
        quiet = self.settings.quiet or not self.ranks.first
        progress = Progress(self.name, engine.steps, training.step, quiet)
        try:
            while training.step < engine.steps:
                training.play(self.batch(training.step))
                progress.advance()
                if training.step % engine.log_every == 0 or training.step == engine.steps:
                    progress.tell(training.step, self.log())
                    self.heed(stop)
                elif self.ranks.size == 1:
                    self.heed(stop)
                self.watch()
        finally:
            progress.close()

    def heed(self, stop: Stop) -> None:
        """Save when it is time; leave when asked to."""
        due = time.monotonic() - self.last_save > self.stage.engine.save_every
        if self.ranks.any(stop.asked):
            self.save()
            raise Interrupted(
                f"Stopped by {stop.by or 'another rank'} after step {self.training.step} of stage "
                f"{self.name}; all is saved, go on with: auxgen train --resume {self.path}"
            )
        if self.ranks.any(due):
            self.save()

    def batch(self, step: int) -> Any:
        return self.stage.batches(step, self.ranks.rank, self.ranks.size, self.settings.device)

    def log(self) -> dict[str, float]:
        """Means of the terms since the last line."""
        training = self.training
        means = training.meter.means()
        diagnose(means, self.name, training.step, self.saved)
        training.meter.reset()
        self.write("terms", means)
        return means

    def write(self, kind: str, values: dict[str, float]) -> None:
        if self.ranks.first:
            seconds = round(time.monotonic() - self.begun, 2)
            line = {"stage": self.name, "step": self.training.step, "seconds": seconds}
            self.metrics.write({**line, kind: values})
            for log in self.logs:
                log.terms(self.name, self.training.step, values)

    def save(self) -> None:
        """A checkpoint of a state that is finite."""
        diagnose(self.training.meter.means(), self.name, self.training.step, self.saved)
        if self.ranks.first:
            try:
                checkpoint.save(self.checkpoints, self.name, self.asked["id"], self.training)
            except NotSaved as error:
                good = (
                    "none was saved before" if self.saved is None else f"step {self.saved} is good"
                )
                again = f"free some and go on with: auxgen train --resume {self.path}"
                raise NotSaved(f"{str(error).rstrip('.')}; {good}, {again}") from error
        self.saved, self.last_save = self.training.step, time.monotonic()

    def watch(self) -> None:
        """What the stage measures of its average while it trains."""
        monitor = self.stage.monitor
        if monitor is None or self.training.step % monitor.every:
            return
        method = self.training.averaged(self.ahead())
        scores = scores_of(self.name, method, monitor.evaluations, self.asked["seed"])
        self.write("scores", {n.partition("/")[2]: s["value"] for n, s in scores.items()})

    def ahead(self) -> Iterator[Any]:
        """Batches from here on, for statistics."""
        step = self.training.step
        while True:
            yield self.batch(step)
            step += 1

    def finish(self) -> None:
        """The average becomes the method; its artefact is written."""
        averaged = self.training.averaged(self.ahead())
        stage = self.stage
        stage.method.load_state_dict(averaged.state_dict())
        stage.method.eval().requires_grad_(False)
        if self.ranks.first:
            card = {
                "experiment": self.asked["experiment"],
                "stage": self.name,
                "options": self.asked["options"],
                "seed": self.asked["seed"],
                "steps": self.training.step,
            }
            artefact.save(self.path / self.name, stage.method, stage.recipe, stage.space, card)


def train_stage(
    path: Path,
    asked: dict[str, Any],
    name: str,
    index: int,
    stage: Stage,
    ranks: Ranks,
    settings: Settings,
) -> None:
    """Train a stage from its start or its newest checkpoint, and leave its artefact."""
    session = Session(path, asked, name, index, stage, ranks, settings)
    try:
        session.go_back()
        with signals() as stop:
            session.play(stop)
        session.finish()
    finally:
        for log in session.logs:
            log.close()


def train(
    experiment: str | Path | Experiment,
    *,
    run: str | Path,
    device: str = "auto",
    precision: Precision | None = None,
    log: Sequence[str] = (),
    quiet: bool = False,
    **options: Any,
) -> Run:
    """Train an experiment's stages in order into a new run folder.

    Args:
        experiment: A name, a Python file with a function `experiment`, or stages made by hand.
        run: The folder to make.
        device: "auto", "cpu", "cuda" or "cuda:1".
        precision: Of forward passes; None for the experiment's own.
        log: Trackers to write to as well: "tensorboard", "wandb", "mlflow".
        quiet: No progress on stderr.
        options: The experiment's keyword arguments.

    Raises:
        InputError: There is no such experiment, option or device, or the folder exists.
        Diverged: A term became non-finite; the last good checkpoint stays.
        Interrupted: A signal came; everything is saved.
        NotSaved: The device is full; the last good checkpoint stays.
    """
    found = find(experiment) if isinstance(experiment, str | Path) else None
    options = {**defaults(found), **options} if found else options
    stages = made(found, options) if found else experiment
    assert not isinstance(stages, str | Path)
    device = chosen(device)
    with ranks(device) as here:
        seed = int(options.get("seed", 0))
        refused = None
        if here.first:
            try:
                Run.create(
                    run,
                    asked(found, stages, options, seed, device, precision),
                    found and found.file,
                )
            except (InputError, OSError) as error:
                refused = error
        if here.any(refused is not None):
            raise refused or InputError(f"{run} could not be made.")
        return go_on(Run(run), stages, here, Settings(device, precision, tuple(log), quiet))


def resume(
    run: str | Path,
    *,
    device: str = "auto",
    log: Sequence[str] = (),
    quiet: bool = False,
    experiment: Experiment | None = None,
) -> Run:
    """Go on with a run where it stopped, bit for bit on the same kind of machine.

    Args:
        run: Its folder.
        device: As for `train`.
        log: As for `train`.
        quiet: As for `train`.
        experiment: The stages, where they were made by hand.

    Raises:
        InputError: The folder is no run, or its checkpoint is damaged or of another experiment.
    """
    opened = Run(run)
    stages = experiment if experiment is not None else remade(opened)
    device = chosen(device)
    settings = Settings(device, opened.asked.get("precision"), tuple(log), quiet)
    with ranks(device) as here:
        return go_on(opened, stages, here, settings)


def go_on(run: Run, stages: Experiment, here: Ranks, settings: Settings) -> Run:
    for index, (name, stage) in enumerate(stages.items()):
        if (run.path / name / "model.safetensors").exists():
            run.restore(name, stage)
        else:
            train_stage(run.path, run.asked, name, index, stage, here, settings)
        here.wait()
    return run
