"""How a machine trains: device, trackers, and the precision of a stage, asked for or measured."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import torch

from ..engine.device import Ranks
from ..engine.memory import attempt
from ..engine.precision import MIN_STEPS, RoundTimes, find_round_times
from ..engine.settings import Precision, PrecisionChoice
from ..errors import unknown_name
from ..stage import Stage
from .commands import TrainCommand


@dataclass(frozen=True)
class RuntimeSettings:
    """How this machine trains.

    Attributes:
        device: Where.
        precision: Precision of forward passes, of all stages or by stage; None in runs of version
            0.1, whose stages have their `old_precision`.
        log: Trackers.
        quiet: Whether nothing is shown.
        command: What a person types to train the same; None for stages made in Python.
        accumulate: Equal parts in which a batch is played.
    """

    device: str
    precision: PrecisionChoice | Mapping[str, Precision] | None = "auto"
    log: tuple[str, ...] = ()
    quiet: bool = False
    command: TrainCommand | None = None
    accumulate: int = 1


def check_precision(asked: PrecisionChoice | Mapping[str, Precision]) -> None:
    """Check that a precision, of all stages or by stage, is one of those that there are.

    Raises:
        InputError: It is another.
    """
    for each in asked.values() if isinstance(asked, Mapping) else (asked,):
        if each not in get_args(PrecisionChoice):
            raise unknown_name("precision", str(each), get_args(PrecisionChoice))


def choose_precision(name: str, stage: Stage, settings: RuntimeSettings, ranks: Ranks) -> Precision:
    """The precision that was asked for, or the one that is faster here."""
    asked = _get_asked_precision(name, stage, settings)
    return _measure_precision(name, stage, settings, ranks) if asked == "auto" else asked


def _get_asked_precision(name: str, stage: Stage, settings: RuntimeSettings) -> PrecisionChoice:
    engine, asked = stage.engine, settings.precision
    if asked is None:
        return engine.old_precision if engine.precision == "auto" else engine.precision
    if isinstance(asked, Mapping):
        chosen = asked.get(name)
        return engine.precision if chosen is None else chosen
    return engine.precision if asked == "auto" else asked


def _measure_precision(
    name: str, stage: Stage, settings: RuntimeSettings, ranks: Ranks
) -> Precision:
    """float32, unless the first rank measures that bfloat16 is clearly faster."""
    device = settings.device
    if stage.engine.steps < MIN_STEPS:
        return "32"
    uses_bf16 = torch.zeros((), device=device)
    if ranks.is_first:
        sizes = stage.recipe and stage.recipe.arguments

        def measure() -> RoundTimes:
            batches = [stage.batches(step, ranks.rank, ranks.size, device) for step in range(2)]
            return find_round_times(stage.method, batches, stage.engine, device=device, sizes=sizes)

        times: RoundTimes | None = attempt(measure).result
        uses_bf16.fill_(times is not None and times.choose() == "bf16")
        if not settings.quiet:
            too_small = "trains in float32: bfloat16 beside it does not fit in memory"
            print(f"{name} {times.describe() if times else too_small}", file=sys.stderr)
    ranks.broadcast([uses_bf16])
    return "bf16" if uses_bf16.item() else "32"
