"""The training of estimators: rounds, progress, divergence, early stopping, and going on later."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import isfinite
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from ..engine.looks import Looks, count_rounds_between_looks
from ..engine.loop import Training
from ..engine.memory import attempt, count_rows, cut_rows, find_fitting_rows
from ..engine.progress import ProgressReporter
from ..engine.settings import Engine, adam
from ..errors import Diverged, OutOfMemory
from ..method import Method
from ..rng import use_seed

_LOG_EVERY = 25


@dataclass(frozen=True)
class Schedule:
    """How long an estimator learns, and how fast.

    Attributes:
        steps: Rounds, at most.
        learning_rate: Learning rate of Adam.
        seed: Seed of all draws.
        device: "cpu" or "cuda".
        verbose: Whether progress is shown.
        patience: Looks at held-out rows in a row that may be no better than the best one.
        max_grad_norm: Largest norm of the gradient.
    """

    steps: int
    learning_rate: float
    seed: int
    device: str
    verbose: bool = False
    patience: int = 5
    max_grad_norm: float = 5.0


class TrainingSettings(Protocol):
    """What a schedule takes of an estimator, whose docstring has the meanings."""

    learning_rate: float
    n_iter_no_change: int
    verbose: bool
    seed_: int


def make_schedule(settings: TrainingSettings, steps: int, device: str) -> Schedule:
    """So many rounds as an estimator is set."""
    return Schedule(
        steps,
        settings.learning_rate,
        settings.seed_,
        device,
        verbose=bool(settings.verbose),
        patience=settings.n_iter_no_change,
    )


class Progress(NamedTuple):
    """All that training needs to go on: weights, means of them, optimisers, rounds so far."""

    weights: dict[str, Tensor]
    means: dict[str, Tensor]
    optimizers: dict[str, Any]
    step: int


class Trained(NamedTuple):
    """What came of training.

    Attributes:
        method: The method, its weights averaged over rounds, in eval mode.
        losses: The loss of each round.
        progress: How to go on.
    """

    method: Method
    losses: list[float]
    progress: Progress


def train_method(
    method: Method,
    batches: Callable[[int], object],
    schedule: Schedule,
    *,
    evaluate: Callable[[Method], float] | None = None,
    start: Progress | None = None,
    row_axis: int = 0,
) -> Trained:
    """Train a method; torch's random state stays as it was.

    Args:
        method: What is trained; it changes in place.
        batches: The batch of each round.
        schedule: How long and how fast.
        evaluate: A loss of rows that are held out, by which training stops early.
        start: Where earlier training ended.
        row_axis: The axis of rows in a batch, 1 where that of an ensemble's members is before it.

    Raises:
        Diverged: A loss or a gradient is not finite.
        OutOfMemory: A round does not fit in memory.
    """
    settings = Engine(
        schedule.steps, adam(schedule.learning_rate), max_grad_norm=schedule.max_grad_norm
    )
    bar = ProgressReporter("fit", schedule.steps, 0, quiet=not schedule.verbose)
    losses: list[Tensor] = []
    looks = Looks(schedule.patience)
    with use_seed(schedule.seed, torch.device(schedule.device)):
        training = Training(method, settings, seed=schedule.seed, device=schedule.device)
        if start is not None:
            _restore(training, start)
        first = training.step
        try:
            for i in range(1, schedule.steps + 1):
                _play_round(training, batches, row_axis)
                losses.append(_read_loss(training))
                bar.advance()
                failed = schedule.device == "cpu" and not isfinite(losses[-1])
                if failed or i % _LOG_EVERY == 0 or i == schedule.steps:
                    _watch(training, i, schedule, bar)
                if evaluate is not None and i % count_rounds_between_looks(schedule.steps) == 0:
                    now = _average(training, batches, first)
                    looks.add(i, evaluate(now), now.state_dict())
                    if looks.are_over:
                        break
        finally:
            bar.close()
        done = _average(training, batches, first)
        if looks.best:
            done.load_state_dict(looks.weights)
    return Trained(done, torch.stack(losses).tolist() if losses else [], _capture(training))


def _play_round(training: Training, batches: Callable[[int], object], row_axis: int) -> None:
    """Play one round; OutOfMemory with the batch that fits where it does not."""
    step = training.step
    full = attempt(lambda: training.run_round(batches(step))).full
    if not full:
        return

    def get_batch(rows: int) -> object:
        return cut_rows(batches(step), rows, row_axis)

    rows = count_rows(attempt(partial(batches, step)).result, row_axis)
    found = find_fitting_rows(training, get_batch, rows)
    advice = "no smaller batch that was tried fits either, so give fewer hidden units"
    if found:
        advice = f"a round with {found:,} fits, so give batch={found}"
    raise OutOfMemory(
        f"The memory of {full} is full in round {step + 1:,}, whose batch has {rows:,} rows: "
        f"{advice}."
    )


def _average(training: Training, batches: Callable[[int], object], first: int) -> Method:
    return training.build_averaged_method(map(batches, count(first)))


def _read_loss(training: Training) -> Tensor:
    """The sum of the losses of the round that was played last; takes them from the meter."""
    own = {n: v for n, v in training.meter.sums.items() if n.startswith("loss/")}
    loss = sum(own.values(), torch.zeros((), device=training.device)).float()
    for name in own:
        del training.meter.sums[name], training.meter.counts[name]
    return loss


def _watch(training: Training, round_: int, schedule: Schedule, bar: ProgressReporter) -> None:
    """Show the terms, and stop if one is not finite."""
    means = training.meter.compute_means()
    training.meter.reset()
    bar.update(round_, means)
    odd = [name for name, value in means.items() if not isfinite(value)]
    if odd:
        terms = [name for name in odd if not name.startswith("gradient/")] or odd
        raise Diverged(
            f"Training diverged: {', '.join(terms)} became {means[odd[0]]} by round {round_}; try "
            f"a learning_rate below {schedule.learning_rate:g}."
        )


def _capture(training: Training) -> Progress:
    """Copies of a training's state, on the CPU."""
    return Progress(
        {n: w.detach().cpu().clone() for n, w in training.method.state_dict().items()},
        {n: w.detach().cpu().clone() for n, w in training.average.means.items()},
        {n: copy.deepcopy(o.state_dict()) for n, o in training.optimizers.items()},
        training.step,
    )


@torch.no_grad()
def _restore(training: Training, progress: Progress) -> None:
    training.method.load_state_dict(progress.weights)
    for name, mean in training.average.means.items():
        mean.copy_(progress.means[name])
    for name, optimizer in training.optimizers.items():
        rates = [group["lr"] for group in optimizer.param_groups]
        optimizer.load_state_dict(progress.optimizers[name])
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
    training.step = progress.step
