"""How many rounds the stages of a run train for, and about how long, before the first one."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..data.batches import count_passes
from ..engine.device import Ranks
from ..engine.duration import estimate_seconds
from ..engine.progress import format_duration
from ..stage import EarlyStopping, Experiment
from .commands import TrainCommand
from .datasets import format_data_card
from .memory import MemoryReport, require_memory


def describe_rounds(stages: Experiment) -> dict[str, dict[str, Any]]:
    """What run.json keeps: rounds by stage, the passes over the rows that they come to, and what
    may end a stage earlier."""
    passes = {
        name: round(count, 2)
        for name, stage in stages.items()
        if (count := count_passes(stage.batches, stage.engine.steps)) is not None
    }
    found = {
        "rounds": {name: stage.engine.steps for name, stage in stages.items()},
        "passes": passes,
    }
    stopping = {n: _describe_looks(s.stopping) for n, s in stages.items() if s.stopping is not None}
    return {**found, "early_stopping": stopping} if stopping else found


def _describe_looks(stopping: EarlyStopping) -> str:
    """What ends a stage before its last round, in words."""
    looks = f"{stopping.patience} look{'s' * (stopping.patience != 1)}"
    return (
        f"fewer if {looks} in a row, one every {stopping.every:,} rounds, find no better "
        f"{stopping.measured}"
    )


def estimate_stage_seconds(
    stages: Experiment, device: str, run: Path = Path("run"), command: TrainCommand | None = None
) -> dict[str, float]:
    """Seconds that each stage will take on this machine, as far as they can be known before.

    Args:
        stages: The stages.
        device: Where they will be trained.
        run: The run's folder, for the error.
        command: What a person types to train them, for the error.

    Raises:
        OutOfMemory: A round does not fit in memory.
    """
    found = {}
    for name, stage in stages.items():
        get_batch = partial(stage.batches, rank=0, ranks=1, device=device)
        work = partial(estimate_seconds, stage.method, get_batch, stage.engine, device=device)
        report = MemoryReport(run, name, stage, device, Ranks(), command)
        seconds = require_memory(work, report)
        if seconds is not None:
            found[name] = round(seconds, 1)
    return found


def describe_plan(config: Mapping[str, Any]) -> list[str]:
    """Lines for a person before the first round: the data, and how long stages train on them."""
    return [*format_data_card(config["datasets"], config["warnings"]), *format_rounds(config)]


def format_rounds(config: Mapping[str, Any]) -> list[str]:
    """Lines for a person: rounds, passes and time of each stage, and the time of all."""
    seconds = config.get("estimated_seconds", {})
    lines = []
    for stage, rounds in config["rounds"].items():
        words = [f"{rounds:,} rounds"]
        if stage in config["passes"]:
            words.append(f"{config['passes'][stage]:,.3g} passes over its rows")
        if stage in seconds:
            words.append(f"about {format_duration(seconds[stage])}")
        lines.append(f"{stage}: {', '.join(words)}")
        if stage in config.get("early_stopping", {}):
            lines.append(f"  {config['early_stopping'][stage]}")
    if len(seconds) > 1:
        lines.append(f"all stages: about {format_duration(sum(seconds.values()))}")
    return lines
