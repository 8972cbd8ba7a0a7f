"""Training an experiment's stages into a run's folder: checkpoints, log, monitor, artefacts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .. import model
from ..engine import checkpoint
from ..engine.loop import Training
from ..engine.ranks import Ranks
from ..engine.settings import Precision
from ..engine.trackers import Log, open_logs
from ..engine.watch import Metrics, Progress, Stop, signals, diagnose
from ..errors import InputError, Interrupted, NotSaved
from ..rng import seed_of
from ..stage import Experiment, Stage
from .evaluate import measure_scores
from .folder import Run


@dataclass(frozen=True)
class Settings:
    """How this machine trains: device, precision, trackers, and whether progress is shown."""

    device: str
    precision: Precision | None = None
    log: tuple[str, ...] = ()
    quiet: bool = False


class Session:
    """One stage between its start, or the checkpoint from which it continues, and its artefact."""

    def __init__(
        self, run: Run, name: str, index: int, stage: Stage, ranks: Ranks, settings: Settings
    ) -> None:
        self.run, self.name, self.stage = run, name, stage
        self.ranks, self.settings = ranks, settings
        seed = seed_of(run.config["seed"], 5, index)
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
        self.metrics = Metrics(run.path / "metrics.jsonl")
        self.checkpoints = run.path / "checkpoints"
        self.saved: int | None = None
        self.start_time, self.last_save = time.monotonic(), time.monotonic()
        self.logs: list[Log] = open_logs(settings.log, run.path) if ranks.first else []

    def restore_latest(self) -> None:
        """Return to the newest checkpoint, if there is one."""
        found = checkpoint.of_stage(self.checkpoints, self.name)
        if found:
            checkpoint.load(found[-1], self.name, self.run.config["id"], self.training)
            self.saved = self.training.step
        if self.ranks.first:
            self.metrics.forget_after(self.name, self.training.step)

    def play(self, stop: Stop) -> None:
        """Play the rounds that are left."""
        training, engine = self.training, self.stage.engine
        quiet = self.settings.quiet or not self.ranks.first
        progress = Progress(self.name, engine.steps, training.step, quiet)
        try:
            while training.step < engine.steps:
                training.play(self.batch(training.step))
                progress.advance()
                if training.step % engine.log_every == 0 or training.step == engine.steps:
                    progress.tell(training.step, self.log())
                    self.save_or_stop(stop)
                elif self.ranks.size == 1:
                    self.save_or_stop(stop)
                self.run_monitor()
        finally:
            progress.close()

    def save_or_stop(self, stop: Stop) -> None:
        """Save when it is time; leave when a signal asks for it."""
        due = time.monotonic() - self.last_save > self.stage.engine.save_every
        if self.ranks.any(stop.asked):
            self.save()
            raise Interrupted(
                f"Stopped by {stop.by or 'another rank'} after step {self.training.step} of stage "
                f"{self.name}; all is saved, continue with: auxgen train --resume {self.run.path}"
            )
        if self.ranks.any(due):
            self.save()

    def batch(self, step: int) -> Any:
        return self.stage.batches(step, self.ranks.rank, self.ranks.size, self.settings.device)

    def log(self) -> dict[str, float]:
        """Write the means of the terms since the last line."""
        training = self.training
        means = training.meter.means()
        diagnose(means, self.name, training.step, self.saved)
        training.meter.reset()
        self.write("terms", means)
        return means

    def write(self, kind: str, values: dict[str, float]) -> None:
        if self.ranks.first:
            seconds = round(time.monotonic() - self.start_time, 2)
            line = {"stage": self.name, "step": self.training.step, "seconds": seconds}
            self.metrics.write({**line, kind: values})
            for log in self.logs:
                log.terms(self.name, self.training.step, values)

    def save(self) -> None:
        """Write a checkpoint of a state that is finite."""
        diagnose(
            self.training.meter.means(), self.name, self.training.step, self.saved
        )
        if self.ranks.first:
            run = self.run.config["id"]
            try:
                checkpoint.save(self.checkpoints, self.name, run, self.training)
            except NotSaved as error:
                good = (
                    "none was saved before" if self.saved is None else f"step {self.saved} is good"
                )
                again = f"free some and continue with: auxgen train --resume {self.run.path}"
                raise NotSaved(f"{str(error).rstrip('.')}; {good}, {again}") from error
        self.saved, self.last_save = self.training.step, time.monotonic()

    def run_monitor(self) -> None:
        """Measure the moving average, where the stage has a monitor and it is time."""
        monitor = self.stage.monitor
        if monitor is None or self.training.step % monitor.every:
            return
        method = self.training.averaged(self.upcoming_batches())
        scores = measure_scores(
            self.name, method, monitor.evaluations, self.run.config["seed"]
        )
        self.write("scores", {n.partition("/")[2]: s["value"] for n, s in scores.items()})

    def upcoming_batches(self) -> Iterator[Any]:
        """Batches from here on, for statistics."""
        step = self.training.step
        while True:
            yield self.batch(step)
            step += 1

    def finish(self) -> None:
        """Load the average into the method and write its artefact."""
        averaged = self.training.averaged(self.upcoming_batches())
        stage = self.stage
        stage.method.load_state_dict(averaged.state_dict())
        stage.method.eval().requires_grad_(False)
        if self.ranks.first:
            config = self.run.config
            card = {
                "experiment": config["experiment"],
                "stage": self.name,
                "options": config["options"],
                "seed": config["seed"],
                "steps": self.training.step,
            }
            folder = self.run.path / self.name
            model.save_model(folder, stage.method, stage.recipe, stage.space, card)


def train_stage(
    run: Run, name: str, index: int, stage: Stage, ranks: Ranks, settings: Settings
) -> None:
    """Train a stage from its start or its newest checkpoint, and leave its artefact."""
    session = Session(run, name, index, stage, ranks, settings)
    try:
        session.restore_latest()
        with signals() as stop:
            session.play(stop)
        session.finish()
    finally:
        for log in session.logs:
            log.close()


def train_remaining(run: Run, stages: Experiment, ranks: Ranks, settings: Settings) -> Run:
    """Train the stages of a run that are not trained yet; the others get their weights."""
    for index, (name, stage) in enumerate(stages.items()):
        if (run.path / name / "model.safetensors").exists():
            run.restore(name, stage)
        else:
            train_stage(run, name, index, stage, ranks, settings)
        ranks.wait()
    return run


def create_run(path: str | Path, config: dict[str, Any], file: Path | None, ranks: Ranks) -> Run:
    """Make a run's folder, by the first rank alone; all ranks refuse together.

    Raises:
        InputError: The folder exists, or could not be made.
    """
    refused = None
    if ranks.first:
        try:
            Run.create(path, config, file)
        except (InputError, OSError) as error:
            refused = error
    if ranks.any(refused is not None):
        raise refused or InputError(f"{path} could not be made.")
    return Run(path)
