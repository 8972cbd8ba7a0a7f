"""What helps a stage that diverged, with the command for it."""

from collections.abc import Callable, Mapping
from math import isfinite, prod
from typing import Any

from ..engine import checkpoint
from ..engine.loop import Training
from ..engine.meter import REMEDIES
from ..errors import InputError
from ..stage import Stage
from .commands import RATE_WORDS, TrainCommand
from .folder import Run

ORDINARY_NATS = 1000.0
"""A term of so many nats for each entry of a row, and more, is not ordinary: what is left diverges
too."""
SMALLER = 0.1
"""Factor on the learning rate that is proposed."""


def are_ordinary(terms: Mapping[str, float], entries: int) -> bool:
    """Whether all terms are finite, and none is far too large for rows of so many entries."""
    sizes = [abs(v) for name, v in terms.items() if not name.startswith("gradient/")]
    limit = ORDINARY_NATS * (entries + 1)
    return all(map(isfinite, terms.values())) and max(sizes, default=0.0) <= limit


def describe_remedy(
    run: Run,
    name: str,
    stage: Stage,
    training: Training,
    get_batch: Callable[[int], Any],
    command: TrainCommand | None,
    details: str = "",
) -> str:
    """What to try, with the command that a person can paste, at the end.

    Args:
        run: The run.
        name: The stage's name.
        stage: The stage.
        training: Its training, which is used up.
        get_batch: The batch of a step.
        command: What a person types to train it; None where it has no name.
        details: What else is known of the divergence.
    """
    changes = {} if command is None else _choose_changes(command, training, name)
    step = _find_ordinary_checkpoint(run, name, stage, training, get_batch)
    place = f"{run.path}@{step}"
    if command is None:
        begin = "" if step is None else f"; it can begin at from_checkpoint={place!r}"
        return f"{REMEDIES}{begin}{details}."
    if not changes:
        begin = "" if step is None else f", which can begin with --from-checkpoint {place}"
        return f"{REMEDIES}{begin}{details}."
    if step is None:
        return f"{REMEDIES}{details}; train with: {command.format_anew(run.path, changes)}"
    again = command.format_from_checkpoint(place, run.path, changes)
    return f"{REMEDIES}{details}; train with: {again}"


def _choose_changes(command: TrainCommand, training: Training, stage: str) -> dict[str, Any]:
    """A tenth of the learning rate, or its default where that is still smaller, and float32 where
    the stage was trained in bfloat16."""
    rates = {rate for rates in training.base_rates.values() for rate in rates}
    option = command.find_option(RATE_WORDS, rates, stage)
    changes: dict[str, Any] = {}
    if option is not None:
        rate = SMALLER * command.options[option]
        usual = command.defaults.get(option)
        least = min(rate, usual) if isinstance(usual, int | float) and usual > 0 else rate
        changes[option] = float(f"{least:.6g}")
    return {**changes, "precision": "32"} if training.uses_bf16 else changes


def _find_ordinary_checkpoint(
    run: Run, name: str, stage: Stage, training: Training, get_batch: Callable[[int], Any]
) -> int | None:
    """The step of the newest checkpoint whose weights are not ruined yet; None if there is none.

    Numbers may be finite and far too large: a round is played from each, with rates of 0. The
    training is used up.
    """
    folders = checkpoint.find_checkpoints(run.path / "checkpoints", name)
    steps = [int(each.name.rpartition("-")[2]) for each in folders]
    if training.ranks.size > 1:  # a round would need all of them
        return max(steps, default=None)
    training.base_rates = {n: [0.0 for _ in rates] for n, rates in training.base_rates.items()}
    entries = 1 if stage.space is None else prod(stage.space.shape)
    for step, folder in sorted(zip(steps, folders, strict=True), reverse=True):
        try:
            checkpoint.load_checkpoint(folder, name, run.config["id"], training)
            training.meter.reset()
            training.run_round(get_batch(step))
        # damaged, refused by a distribution, or too large for the memory that is left
        except (InputError, RuntimeError, ValueError, MemoryError):
            continue
        if are_ordinary(training.meter.compute_means(), entries):
            return step
    return None
