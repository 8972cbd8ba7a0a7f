"""How a machine trains: device, trackers, precision and compilation, asked for or measured."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import torch

from ..engine.compilation import (
    Compilation,
    CompiledTimes,
    compile_rounds,
    measure_compilation,
    require_compiler,
)
from ..engine.device import Ranks
from ..engine.loop import PlayMoves, play_round
from ..engine.memory import attempt
from ..engine.parts import check_parts
from ..engine.precision import MIN_STEPS, RoundTimes, find_round_times
from ..engine.settings import Precision, PrecisionChoice
from ..engine.weights import Weights
from ..errors import InputError, unknown_name
from ..method import Method
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
        compiles: Whether rounds are compiled where that pays.
        shards_weights: Whether ranks share the weights.
    """

    device: str
    precision: PrecisionChoice | Mapping[str, Precision] | None = "auto"
    log: tuple[str, ...] = ()
    quiet: bool = False
    command: TrainCommand | None = None
    accumulate: int = 1
    compiles: bool = False
    shards_weights: bool = False


def choose_holding(settings: RuntimeSettings) -> Callable[[Method, Ranks], Weights]:
    """How a rank holds weights: its part of them, or all."""
    if not settings.shards_weights:
        return Weights
    from ..engine.shards import ShardedWeights  # fully_shard takes a second to import

    return ShardedWeights


def check_settings(settings: RuntimeSettings) -> None:
    """Check what a person asked for, before anything is built.

    Raises:
        InputError: A precision or a number of parts is refused, or nothing can compile.
    """
    _check_precision(settings.precision)
    check_parts(settings.accumulate)
    if settings.compiles:
        require_compiler(settings.device)


def read_settings(config: Mapping[str, Any]) -> RuntimeSettings:
    """How a run is trained by its run.json, on any device."""
    return RuntimeSettings(
        "auto",
        config.get("precision"),
        accumulate=config.get("accumulate", 1),
        compiles=config.get("compile", False),
        shards_weights=config.get("shard_weights", False),
    )


def check_sharding(settings: RuntimeSettings, ranks: Ranks) -> None:
    """Refuse to share weights where it cannot be done.

    Raises:
        InputError: There is one rank, or rounds are compiled.
    """
    if not settings.shards_weights:
        return
    if settings.compiles:
        raise InputError("--shard-weights and --compile were given; expected one of them.")
    if ranks.size == 1:
        raise InputError(
            "--shard-weights shares weights among ranks, and there is one; start several with: "
            "torchrun --nproc-per-node N -m -- auxgen train ..."
        )


def _check_precision(asked: PrecisionChoice | Mapping[str, Precision] | None) -> None:
    """Check that a precision, of all stages or by stage, is one of those that there are."""
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


COMPILATIONS = get_args(Compilation)


def choose_compilation(
    name: str, stage: Stage, settings: RuntimeSettings, ranks: Ranks, precision: Precision
) -> tuple[Compilation, PlayMoves]:
    """What of a stage is compiled, and what plays its rounds: nothing where it does not pay.

    The first rank measures, and all do the same.
    """
    device = settings.device
    kind, play = torch.zeros((), device=device), play_round

    def tell(words: str) -> None:
        if ranks.is_first and not settings.quiet:
            print(f"{name} {words}", file=sys.stderr)

    if stage.engine.steps < MIN_STEPS:
        tell(f"trains without --compile: it has fewer than {MIN_STEPS} rounds")
        return "no", play_round
    if ranks.is_first:
        tell("is compiled and measured, which can take minutes")
        get_batch = stage.batches
        batches = [get_batch(step, ranks.rank, ranks.size, device) for step in range(2)]
        own: dict[str, Any] = {"device": device, "precision": precision}
        own["accumulate"] = settings.accumulate

        def measure() -> tuple[CompiledTimes, PlayMoves]:
            return measure_compilation(stage.method, batches, stage.engine, **own)

        measured = attempt(measure).result
        if measured is None:
            tell("trains without --compile: two copies of it do not fit in memory")
        else:
            times, compiled = measured
            tell(times.describe())
            kind.fill_(COMPILATIONS.index(times.choose()))
            play = compiled if times.pays else play_round
    ranks.broadcast([kind])
    chosen = COMPILATIONS[int(kind.item())]
    if not ranks.is_first:
        play = compile_as_before(name, stage, settings, ranks, chosen)
    return chosen, play


def compile_as_before(
    name: str, stage: Stage, settings: RuntimeSettings, ranks: Ranks, kind: Compilation
) -> PlayMoves:
    """What plays the rounds of a stage of which this was compiled when it began."""
    device = settings.device
    if kind == "no":
        return play_round
    try:
        require_compiler(device)
    except InputError as error:
        if ranks.is_first and not settings.quiet:
            why = str(error).partition(",")[0]
            print(f"{name} goes on uncompiled, and not bit for bit: {why}", file=sys.stderr)
        return play_round
    batch = stage.batches(0, ranks.rank, ranks.size, device)
    return compile_rounds(stage.method, batch, device, kind)[1]
