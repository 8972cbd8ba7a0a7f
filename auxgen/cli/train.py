"""auxgen train: its own options and those of an experiment, parsed together."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from ..errors import InputError
from ..runs.commands import format_option
from .options import (
    asks_for_help,
    call_from_command_line,
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
        args: EXPERIMENT --run FOLDER and options, --resume FOLDER, or --from-checkpoint RUN@STEP
            --run FOLDER and the options that change.
    """
    typed = dict(group_by_option(args)[1])
    if "--from-checkpoint" in typed and not asks_for_help(args):
        _train_from_checkpoint(args)
    elif "--resume" in typed:
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
    from ..launch import train

    entry = registry.find_experiment(name)
    given = _parse_options(entry, args, f"auxgen train {name}", {})
    if entry.file is not None:
        print_on_first_rank(f"running your file {name}", sys.stderr)
    _print_trained(train(name, **given))


def _train_from_checkpoint(args: Sequence[str]) -> None:
    """Train the experiment of another run from its checkpoint, with some other options.

    Raises:
        InputError: There is no such checkpoint, or it does not fit the options.
    """
    from ..experiments.runs import find_run_experiment, read_run_options
    from ..launch import train
    from ..runs.new_start import find_new_start

    typed = dict(group_by_option(args)[1])
    if (args and not args[0].startswith("-")) or len(typed["--from-checkpoint"]) != 1:
        raise InputError(
            "Expected auxgen train --from-checkpoint RUN[@STEP] --run FOLDER and the options that "
            "change; the experiment is that of RUN."
        )
    run = find_new_start(typed["--from-checkpoint"][0]).run
    if run.config.get("experiment") is None:
        raise InputError(
            f"{run.path} was trained from Python; give from_checkpoint to auxgen.train there."
        )
    entry = find_run_experiment(run, str(run.config["experiment"]))
    prog = "auxgen train --from-checkpoint"
    given = _parse_options(entry, args, prog, read_run_options(run, entry))
    if "--precision" not in typed:
        given["precision"] = run.config.get("precision", "auto")
    if "--memory-for-rows" not in typed:
        given["memory_for_rows"] = run.config.get("memory_for_rows")
    if "--accumulate" not in typed:
        given["accumulate"] = run.config.get("accumulate", 1)
    if not {"--compile", "--no-compile"} & set(typed):
        given["compile"] = run.config.get("compile", False)
    if not {"--shard-weights", "--no-shard-weights"} & set(typed):
        given["shard_weights"] = run.config.get("shard_weights", False)
    _print_trained(train(entry.file or entry.name, **given))


def _parse_options(
    entry: ExperimentEntry, args: Sequence[str], prog: str, defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Values of train's own options and of an experiment's: typed ones over the defaults."""
    from ..experiments.option_values import make_option_function, resolve_options

    for option, _ in group_by_option(args)[1]:
        old = option.removeprefix("--").replace("-", "_")
        if old in entry.renamed:
            resolve_options(entry, {old: ""})  # its error has the new name
    try:
        choices = _parse_plan_choices(entry, args, prog)
        typed = {option for option, _ in group_by_option(args)[1]}
        untyped = [name for name in choices if format_option(name) not in typed]
        choices |= {name: defaults[name] for name in untyped if name in defaults}
        options = make_option_function(entry, choices, defaults)
    except NameError as error:
        what = f"The options of {entry.name} have a type that is not known"
        raise InputError(f"{what}: {error}.") from None
    own = {parameter.name for parameter in list_named_parameters(_collect_options)}
    for each in (p.name for p in list_named_parameters(options) if p.name in own):
        what = f"{entry.name} has an option {each!r}"
        raise InputError(f"{what}, which is train's own; rename it.")
    command = merge_options(_collect_options, options, _collect_options)
    return call_from_command_line(command, args, prog, known_ranges=entry.file is None)


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
    memory_for_rows: float | None = None,
    accumulate: int = 1,
    from_checkpoint: str | None = None,
    compile: bool = False,
    shard_weights: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """auxgen train EXPERIMENT --run FOLDER [OPTIONS], or auxgen train --resume FOLDER

    EXPERIMENT is a name that auxgen experiments lists, or your Python file with a function
    experiment(*, seed, ...) that returns stages; auxgen train EXPERIMENT --help shows its options.
    --resume continues a run where it stopped, bit for bit, and takes --device, --log and
    --shard-weights besides.
    auxgen train --from-checkpoint RUN[@STEP] --run FOLDER [OPTIONS] takes all else from RUN.

    Args:
        run: Folder of the run; it must not exist.
        device: auto, cpu, cuda or cuda:1.
        precision: 32, bf16, or auto: float32 unless bfloat16 is measured to be clearly faster.
        log: Trackers to write to as well: tensorboard, wandb, mlflow.
        memory_for_rows: GiB that the rows of one data set may take; larger sets stay on disk, and
            are read in blocks that are shuffled. Half of the memory by default.
        accumulate: Equal parts in which a batch is played, one after the other, in as much less
            memory; their gradients are added before a step.
        from_checkpoint: A run, or RUN@STEP, in place of EXPERIMENT: the new run begins at its
            checkpoint, with its options but for those that you give.
        compile: Compile rounds of training, where a compiler is there and that is measured to pay.
        shard_weights: Let each rank of torchrun hold a part of the weights, their gradients and the
            state of their optimiser, for models that are too large for one device.
    """
    own = {"run": run, "device": device, "precision": precision, "log": _parse_trackers(log)}
    own |= {"memory_for_rows": memory_for_rows, "accumulate": accumulate, "compile": compile}
    own |= {"from_checkpoint": from_checkpoint, "shard_weights": shard_weights}
    return {**own, **options}


def _check_resume_arguments(args: Sequence[str]) -> None:
    """Refuse what the run has recorded itself.

    Raises:
        InputError: An option that the run has recorded, or an experiment.
    """
    loose, options = group_by_option(args)
    for word in (*loose, *(name for name, _ in options)):
        if word not in ("--resume", "--device", "--log", "--shard-weights", "--help", "-h"):
            raise InputError(
                "--resume takes all but --device, --log and --shard-weights from the run, and got "
                f"{word!r}."
            )


def _resume_run(
    *, resume: Path, device: str = "auto", log: tuple[str, ...] = (), shard_weights: bool = False
) -> None:
    """Continue a run where it stopped, bit for bit.

    Args:
        resume: Folder of the run.
        device: auto, cpu, cuda or cuda:1.
        log: Trackers to write to as well: tensorboard, wandb, mlflow.
        shard_weights: Let each rank of torchrun hold a part of the weights.
    """
    from ..launch import resume as resume_run

    how = {"device": device, "log": _parse_trackers(log), "shard_weights": shard_weights}
    _print_trained(resume_run(resume, **how))


def _parse_trackers(log: Sequence[str]) -> list[str]:
    """The trackers that --log names, with commas or spaces, checked before a run is made."""
    from ..engine.trackers import check_trackers

    names = [name for word in log for name in word.split(",")]
    check_trackers(names)
    return names


def _print_trained(run: Run) -> None:
    rounds, stages = run.config.get("rounds", {}), []
    for name in run.trained_stages():
        none = " for 0 rounds, so that its weights are the initial ones"
        stages.append(name + none if rounds.get(name) == 0 else name)
    print_on_first_rank(f"trained {', '.join(stages)}; next: auxgen evaluate {run.path}")
