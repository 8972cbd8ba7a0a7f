"""The experiment of a run, found again by its run.json, and its options."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..engine.device import is_first_process
from ..errors import InputError
from ..files import compute_checksum
from ..runs.commands import TrainCommand
from ..runs.folder import Run
from ..runs.runtime import RuntimeSettings
from . import registry
from .option_values import find_defaults
from .registry import ExperimentEntry


def find_run_experiment(run: Run, name: str) -> ExperimentEntry:
    """The experiment of a run: one of ours, or the run's copy of the file that it was made from.

    That file is executed, so it must be the one whose checksum run.json has.

    Raises:
        InputError: There is no such experiment, or no such file.
    """
    file, expected = run.path / "experiment.py", run.config.get("experiment_sha256")
    if expected is None and (name in registry.list_experiments() or not file.exists()):
        return registry.find_experiment(Path(name).name.removesuffix(".py"))
    got = compute_checksum(file.read_bytes()) if file.is_file() else "none"
    if got != expected:
        raise InputError(
            f"{file} is not the file that {run.path} was trained from, as far as run.json knows: "
            f"experiment_sha256 is {expected or 'not there'}, and the file's is {got}. It was not "
            "run; put the old file back or, if you trust this one, its checksum into run.json."
        )
    if is_first_process():
        print(f"running your file {file}", file=sys.stderr)
    return registry.find_experiment(file)


def read_run_options(run: Run, entry: ExperimentEntry) -> dict[str, Any]:
    """The options of a run, as its experiment has them now."""
    options = run.config["options"]
    if run.config.get("format", 1) == 1:
        options = update_old_options(entry, options)
    return {**entry.before, **options}  # run.json keeps every option there was


def make_train_command(
    entry: ExperimentEntry,
    options: Mapping[str, Any],
    settings: RuntimeSettings,
    memory_for_rows: float | None = None,
) -> TrainCommand:
    """What a person types to train an experiment with these options.

    Args:
        entry: The experiment.
        options: All its options with their values.
        settings: Options of train itself, as a person gave them: the device may be "auto".
        memory_for_rows: As a person gave it.
    """
    own: dict[str, Any] = {} if settings.device == "auto" else {"device": settings.device}
    own |= {"precision": settings.precision} if settings.precision in ("32", "bf16") else {}
    own |= {"log": settings.log} if settings.log else {}
    own |= {} if memory_for_rows is None else {"memory_for_rows": memory_for_rows}
    own |= {} if settings.accumulate == 1 else {"accumulate": settings.accumulate}
    own |= {"compile": True} if settings.compiles else {}
    own |= {"shard_weights": True} if settings.shards_weights else {}
    defaults = find_defaults(entry, options)
    return TrainCommand(str(entry.file or entry.name), dict(options), defaults, own)


def update_old_options(entry: ExperimentEntry, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a run.json of format 1, which had None for the budget's own value."""
    found: dict[str, Any] = {}
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        new = entry.renamed.get(name, name)
        if isinstance(new, str):
            found[new] = value
        else:  # some need other old options beside their own, such as the number of passes
            takes_all = len(inspect.signature(new).parameters) == 2
            found |= new(value, options) if takes_all else new(value)
    return found
