"""auxgen train: its own options and those of an experiment, parsed together."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from ..errors import InputError
from .options import (
    asks_for_help,
    call_from_command_line,
    format_option,
    group_by_option,
    list_named_parameters,
    merge_options,
)

if TYPE_CHECKING:
    from ..experiments.registry import ExperimentEntry
    from ..runs.folder import Run


def train_command(args: Sequence[str]) -> None:
    """Train an experiment into a new run, or continue a run.

    Args:
        args: EXPERIMENT --run FOLDER and options, or --resume FOLDER.
    """
    if "--resume" in dict(group_by_option(args)[1]):
        _check_resume_arguments(args)
        call_from_command_line(_resume_run, args, "auxgen train")
    elif args and not args[0].startswith("-"):
        _train_experiment(args[0], args[1:])
    elif asks_for_help(args):
        shown = merge_options(_collect_options, _collect_options)
        call_from_command_line(shown, args, "auxgen train EXPERIMENT")
    else:
        raise InputError("Expected auxgen train EXPERIMENT --run FOLDER; see auxgen train --help.")


def print_on_first_rank(sentence: str, file: TextIO | None = None) -> None:
    """Print, in a training of several processes from the first alone."""
    if os.environ.get("RANK", "0") == "0":
        print(sentence, file=file)


def _train_experiment(name: str, args: Sequence[str]) -> None:
    from ..experiments import registry
    from ..experiments.option_values import make_option_function, resolve_options
    from ..launch import train

    prog = f"auxgen train {name}"
    entry = registry.find_experiment(name)
    for option, _ in group_by_option(args)[1]:
        old = option.removeprefix("--").replace("-", "_")
        if old in entry.renamed:
            resolve_options(entry, {old: ""})  # its error has the new name
    try:
        choices = _parse_plan_choices(entry, args, prog)
        options = make_option_function(entry, choices)
    except NameError as error:
        raise InputError(f"The options of {name} have a type that is not known: {error}.") from None
    own = {parameter.name for parameter in list_named_parameters(_collect_options)}
    for each in (p.name for p in list_named_parameters(options) if p.name in own):
        raise InputError(f"{name} has an option {each!r}, which is train's own; rename it.")
    command = merge_options(_collect_options, options, _collect_options)
    given = call_from_command_line(command, args, prog, known_ranges=entry.file is None)
    if entry.file is not None:
        print_on_first_rank(f"running your file {name}", sys.stderr)
    _print_trained(train(name, **given))


def _parse_plan_choices(entry: ExperimentEntry, args: Sequence[str], prog: str) -> dict[str, Any]:
    """The options that choose among plans, such as the budget: other defaults depend on them."""
    if entry.make_plan is None:
        return {}
    names = {format_option(name) for name in inspect.signature(entry.make_plan).parameters}
    known = [(option, values) for option, values in group_by_option(args)[1] if option in names]
    words = [word for option, values in known for word in (option, *values[:1])]
    choose = merge_options(dict, entry.make_plan)
    # ranges are checked with all options: here a size may be the word auto
    return call_from_command_line(choose, words, prog, known_ranges=False)


def _collect_options(
    *,
    run: Path,
    device: str = "auto",
    precision: Literal["auto", "32", "bf16"] = "auto",
    log: tuple[str, ...] = (),
    **options: Any,
) -> dict[str, Any]:
    """auxgen train EXPERIMENT --run FOLDER [OPTIONS], or auxgen train --resume FOLDER

    EXPERIMENT is a name that auxgen experiments lists, or your Python file with a function
    experiment(*, seed, ...) that returns stages; auxgen train EXPERIMENT --help shows its options.
    --resume continues a run where it stopped, bit for bit, and takes --device and --log besides.

    Args:
        run: Folder of the run; it must not exist.
        device: auto, cpu, cuda or cuda:1.
        precision: 32, bf16, or auto: float32 unless bfloat16 is measured to be clearly faster.
        log: Trackers to write to as well: tensorboard, wandb, mlflow.
    """
    trackers = _parse_trackers(log)
    return {"run": run, "device": device, "precision": precision, "log": trackers, **options}


def _check_resume_arguments(args: Sequence[str]) -> None:
    """Refuse what the run has recorded itself.

    Raises:
        InputError: An option other than --device and --log, or an experiment.
    """
    loose, options = group_by_option(args)
    for word in (*loose, *(name for name, _ in options)):
        if word not in ("--resume", "--device", "--log", "--help", "-h"):
            raise InputError(
                f"--resume takes all but --device and --log from the run, and got {word!r}."
            )


def _resume_run(*, resume: Path, device: str = "auto", log: tuple[str, ...] = ()) -> None:
    """Continue a run where it stopped, bit for bit.

    Args:
        resume: Folder of the run.
        device: auto, cpu, cuda or cuda:1.
        log: Trackers to write to as well: tensorboard, wandb, mlflow.
    """
    from ..launch import resume as resume_run

    _print_trained(resume_run(resume, device=device, log=_parse_trackers(log)))


def _parse_trackers(log: Sequence[str]) -> list[str]:
    """The trackers that --log names, with commas or spaces, checked before a run is made."""
    from ..engine.trackers import check_trackers

    names = [name for word in log for name in word.split(",")]
    check_trackers(names)
    return names


def _print_trained(run: Run) -> None:
    stages = ", ".join(run.trained_stages())
    print_on_first_rank(f"trained {stages}; next: auxgen evaluate {run.path}")
