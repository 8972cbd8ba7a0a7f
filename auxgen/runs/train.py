"""Training an experiment's stages into a run's folder: checkpoints, log, monitor, artefacts."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import count
from math import prod
from typing import Any

import torch

from ..builders.artefact import save_model
from ..engine import checkpoint
from ..engine.device import Ranks
from ..engine.looks import Looks
from ..engine.loop import PlayMoves, Training, play_round
from ..engine.memory import attempt
from ..engine.meter import check_finite
from ..engine.progress import ProgressReporter
from ..engine.settings import Precision
from ..engine.shared_rows import share_rows
from ..engine.signals import StopSignal, catch_signals
from ..errors import Interrupted, NotSaved
from ..method import Method
from ..rng import derive_seed
from ..stage import Experiment, Stage
from .divergence import CauseFinder
from .evaluate import measure_scores
from .extremes import describe_extremes
from .folder import Run
from .log import StageLog
from .memory import MemoryReport, require_memory
from .runtime import (
    RuntimeSettings,
    choose_compilation,
    choose_holding,
    choose_precision,
    compile_as_before,
)
from .stopping import describe_end, measure_look


class StageTrainer:
    """One stage between its start, or the checkpoint from which it continues, and its artefact."""

    def __init__(
        self, run: Run, name: str, index: int, stage: Stage, ranks: Ranks, settings: RuntimeSettings
    ) -> None:
        self.run, self.name, self.stage = run, name, stage
        self.ranks, self.settings = ranks, settings
        seed = derive_seed(run.config["seed"], 5, index)
        if stage.start is not None:
            torch.manual_seed(seed)
            stage.start(stage.method)
        device, precision = settings.device, self.choose_precision()
        self.memory = MemoryReport(run.path, name, stage, device, ranks, settings.command)
        own = {"seed": seed, "device": device, "precision": precision, "ranks": ranks}
        own["accumulate"] = settings.accumulate
        own["play_moves"] = self.choose_moves(precision)
        own["hold_weights"] = choose_holding(settings)
        make_training = partial(Training, stage.method, stage.engine, **own)
        self.training: Training = require_memory(make_training, self.memory)
        self.checkpoints = run.path / "checkpoints"
        self.last_saved_step: int | None = None
        self.last_save_time = time.monotonic()
        self.causes = CauseFinder(run, name, stage, ranks, self.get_batch, settings.command)
        self.looks = None if stage.stopping is None else Looks(stage.stopping.patience)
        self.log = StageLog(run.path, name, ranks, settings.log)

    def choose_precision(self) -> Precision:
        """The precision that the stage began with, that was asked for, or that is faster here."""
        chosen = self.run.config.get("precisions", {}).get(self.name)
        if chosen is None:
            chosen = choose_precision(self.name, self.stage, self.settings, self.ranks)
            self.run.record_fact("precisions", self.name, chosen, self.ranks)
        return chosen

    def choose_moves(self, precision: Precision) -> PlayMoves:
        """What plays a round: as when the stage began, or compiled where that is asked for."""
        before = self.run.config.get("compiled", {}).get(self.name)
        own = self.name, self.stage, self.settings, self.ranks
        if before is not None:
            return compile_as_before(*own, before)
        if not self.settings.compiles:
            return play_round
        chosen, play = choose_compilation(*own, precision)
        self.run.record_fact("compiled", self.name, chosen, self.ranks)
        return play

    def train(self) -> None:
        """Train from the start or the newest checkpoint, and leave the artefact."""
        try:
            self.restore_latest()
            with catch_signals() as stop:
                self.run_rounds(stop)
            self.finish()
        finally:
            self.log.close()

    def restore_latest(self) -> None:
        """Return to the newest checkpoint, if there is one."""
        found = checkpoint.find_checkpoints(self.checkpoints, self.name)
        if found:
            run = self.run.config["id"]
            checkpoint.load_checkpoint(found[-1], self.name, run, self.training, self.looks)
            self.last_saved_step = self.training.step
        if self.ranks.is_first:
            checkpoint.drop_old_checkpoints(self.checkpoints, self.name)
            self.log.go_on_from(self.training.step)

    def run_rounds(self, stop: StopSignal) -> None:
        """Play the rounds that are left."""
        training, engine = self.training, self.stage.engine
        self.causes.keep_state(training)
        quiet = self.settings.quiet or not self.ranks.is_first
        told = self.run.config.get("estimated_seconds", {}).get(self.name)
        reporter = ProgressReporter(self.name, engine.steps, training.step, quiet, told)
        with closing(reporter) as progress:
            while not self.is_over():
                self.play_round()
                progress.advance()
                self.look_at_held_out_rows()
                is_logged = training.step % engine.log_every == 0 or self.is_over()
                if is_logged:
                    progress.update(training.step, self.log_terms())
                self.run_monitor()  # before a stop at this step, which would leave a hole
                if is_logged or self.ranks.size == 1:
                    self.save_or_stop(stop)

    def play_round(self) -> None:
        """Play one round.

        Raises:
            OutOfMemory: It does not fit in memory.
        """
        training = self.training
        full = attempt(lambda: training.run_round(self.get_batch(training.step))).full
        if full:
            raise self.memory.make_error(full, training, self.last_saved_step)

    def is_over(self) -> bool:
        """Whether all rounds are played, or looks at held-out rows have ended the stage."""
        is_last = self.training.step >= self.stage.engine.steps
        return is_last or (self.looks is not None and self.looks.are_over)

    def save_or_stop(self, stop: StopSignal) -> None:
        """Save when it is time; leave when a signal asks for it."""
        due = time.monotonic() - self.last_save_time > self.stage.engine.save_every
        if self.ranks.reduce_any(stop.name != ""):
            self.save_checkpoint()
            raise Interrupted(
                f"Stopped by {stop.name or 'another rank'} after step {self.training.step} "
                f"of stage {self.name}; all is saved, continue with: auxgen train --resume "
                f"{self.run.path}"
            )
        if self.ranks.reduce_any(due):
            self.save_checkpoint()

    def get_batch(self, step: int) -> Any:
        return self.stage.batches(step, self.ranks.rank, self.ranks.size, self.settings.device)

    def log_terms(self) -> dict[str, float]:
        """Write the means of the terms since the last line."""
        training = self.training
        means = training.meter.compute_means()
        self.check_terms(means)
        training.meter.reset()
        self.causes.keep_state(training)
        self.log.write(training.step, "terms", means)
        return means

    def check_terms(self, means: dict[str, float]) -> None:
        """Raise Diverged where a mean is not finite, with the column that is to blame."""
        training, saved = self.training, self.last_saved_step
        find_cause = partial(self.causes.describe_cause, training=training)
        check_finite(training.meter, means, self.name, saved, find_cause)

    def save_checkpoint(self) -> None:
        """Write a checkpoint of a state that is finite."""
        training, saved = self.training, self.last_saved_step
        self.check_terms(training.meter.compute_means())
        run = self.run.config["id"]
        try:
            self.log.sync()
            checkpoint.save_checkpoint(self.checkpoints, self.name, run, training, self.looks)
        except NotSaved as error:
            good = "none was saved before" if saved is None else f"step {saved} is good"
            again = f"free some and continue with: auxgen train --resume {self.run.path}"
            raise NotSaved(f"{str(error).rstrip('.')}; {good}, {again}") from error
        self.last_saved_step, self.last_save_time = training.step, time.monotonic()

    def run_monitor(self) -> None:
        """Measure the moving average, where the stage has a monitor and it is time."""
        monitor = self.stage.monitor
        due = {} if monitor is None else monitor.find_due(self.training.step)
        if not due:
            return
        method = self.build_finite_average()
        seed = self.run.config["seed"]
        with share_rows(self.ranks):
            scores = measure_scores(self.name, method, due, seed)
        values = {n.partition("/")[2]: s["value"] for n, s in scores.items()}
        self.log.write(self.training.step, "scores", values)

    def look_at_held_out_rows(self) -> None:
        """Measure the moving average on them, where the stage may end by it and it is time."""
        stopping, step = self.stage.stopping, self.training.step
        if self.looks is None or stopping is None:
            return
        if stopping.is_due(step, self.stage.engine.steps):
            method = self.build_finite_average()
            value = measure_look(method, stopping, self.run.config["seed"], self.ranks)
            self.log.write(step, "scores", {stopping.score: value})
            loss = -value if stopping.larger_is_better else value
            self.looks.add(step, loss, method.state_dict())

    def build_finite_average(self) -> Method:
        """The moving average, to be measured; Diverged where terms so far are not finite."""
        self.check_terms(self.training.meter.compute_means())
        return self.training.build_averaged_method(self.upcoming_batches())

    def upcoming_batches(self) -> Iterator[Any]:
        """Batches from here on, for statistics."""
        return map(self.get_batch, count(self.training.step))

    def finish(self) -> None:
        """Load the average, or that of the best look, into the method and write its artefact."""
        averaged = self.training.build_averaged_method(self.upcoming_batches())
        stage, looks, config = self.stage, self.looks, self.run.config
        best = looks.weights if looks else None
        self.training.weights.restore_method(best or averaged.state_dict())
        if looks is not None:
            self.tell_end(looks)
        stage.method.eval().requires_grad_(False)
        self.tell_extremes()  # before the artefact, with which the stage has ended
        if self.ranks.is_first:
            self.log.sync()
            card = {"experiment": config["experiment"], "stage": self.name}
            card |= {key: config[key] for key in ("options", "seed")}
            card["steps"] = looks.best_step if looks and looks.best else self.training.step
            save_model(self.run.path / self.name, stage.method, stage.recipe, stage.space, card)

    def tell_extremes(self) -> None:
        """Say to a person and in the run where the end is far from ordinary, and yet finite."""
        space = self.stage.space
        if space is None or not self.ranks.is_first:
            return
        lines = self.log.metrics.read_lines()
        sentence = describe_extremes(lines, self.name, prod(space.shape))
        if sentence and not self.settings.quiet:
            print(f"{self.name}: {sentence}", file=sys.stderr)
        if sentence:
            self.run.record_fact("cautions", self.name, sentence, self.ranks)

    def tell_end(self, looks: Looks) -> None:
        """Say when the stage ended and which weights are kept: to a person, the log and the run."""
        step, steps = self.training.step, self.stage.engine.steps
        sentence = describe_end(looks, step, steps)
        if self.ranks.is_first and not self.settings.quiet:
            print(f"{self.name}: {sentence}", file=sys.stderr)
        self.log.write(
            step, "end", {"rounds": steps, "best": looks.best_step, "looks": looks.count}
        )
        self.run.record_fact("ends", self.name, sentence, self.ranks)


def train_remaining(run: Run, stages: Experiment, ranks: Ranks, settings: RuntimeSettings) -> Run:
    """Train the stages of a run that are not trained yet; the others get their weights."""
    for index, (name, stage) in enumerate(stages.items()):
        if (run.path / name / "model.safetensors").exists():
            run.restore_stage(name, stage)
        else:
            StageTrainer(run, name, index, stage, ranks, settings).train()
        ranks.wait()
    return run
