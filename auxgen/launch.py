"""Train, resume and evaluate by name: the only room that knows experiments by their names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch

from .data.storage import limit_memory_for_rows
from .engine.device import init_ranks, resolve_device
from .engine.parts import check_parts
from .engine.settings import Precision, PrecisionChoice
from .engine.shared_rows import Exchange
from .errors import InputError, NotRebuilt, require_at_least
from .evaluation import catalogue
from .experiments import registry
from .experiments.extractor_options import check_extractor_options, find_extractor_experiment
from .experiments.option_values import build_experiment, names_own_data, resolve_options
from .experiments.registry import ExperimentEntry
from .experiments.runs import find_run_experiment, make_train_command, read_run_options
from .features.trained import MissingExtractor
from .runs.batch_sizes import check_batches
from .runs.commands import TrainCommand
from .runs.config import (
    choose_memory_for_rows,
    find_given_memory,
    make_config,
    read_memory_for_rows,
)
from .runs.datasets import check_data_unchanged
from .runs.evaluate import draw_run_pictures, evaluate_run
from .runs.folder import (
    Run,
    check_resumable,
    check_run_path,
    create_run,
    lock_run,
    reopen_run,
    tell_way_on,
)
from .runs.new_start import collect_start_files, find_new_start
from .runs.rounds import describe_plan, estimate_stage_seconds
from .runs.runtime import RuntimeSettings, check_settings, check_sharding, read_settings
from .runs.train import train_remaining
from .stage import Experiment, list_recipe_notes
from .terminal import print_notes

Result = TypeVar("Result")


def train(
    experiment: str | Path | Experiment,
    *,
    run: str | Path,
    device: str = "auto",
    precision: PrecisionChoice | Mapping[str, Precision] = "auto",
    log: Sequence[str] = (),
    quiet: bool = False,
    from_checkpoint: str | Path | None = None,
    memory_for_rows: float | None = None,
    accumulate: int = 1,
    compile: bool = False,
    shard_weights: bool = False,
    **options: Any,
) -> Run:
    """Train an experiment's stages in order into a new run folder.

    Args:
        experiment: A name, a Python file with a function `experiment`, or stages.
        run: The new folder.
        device: "auto", "cpu", "cuda" or "cuda:1".
        precision: Precision of forward passes, of all stages or by stage: "32", "bf16", or "auto",
            which is float32 unless bfloat16 is measured to be clearly faster.
        log: Trackers to write to as well: "tensorboard", "wandb", "mlflow".
        quiet: No progress on stderr.
        from_checkpoint: A run, or RUN@STEP, of the same experiment with other options: the new run
            begins at its newest checkpoint, or at that of the step.
        memory_for_rows: GiB that the rows of one data set may take; larger sets stay on disk and
            are read in blocks. Half of the machine's memory by default.
        accumulate: Equal parts in which a batch is played, as much less memory at once; their
            gradients are added before a step.
        compile: Whether rounds are compiled by torch.compile, where that is measured to pay.
        shard_weights: Whether each rank holds a part of the weights, and of what belongs to them.
        options: The experiment's keyword arguments.

    Raises:
        InputError: An argument is refused, the folder exists, or the checkpoint does not fit it.
        Diverged: A term is not finite any more; the last good checkpoint is kept.
        Interrupted: A signal stopped training; everything is saved.
        NotSaved: The disk is full; the last good checkpoint is kept.
        OutOfMemory: A round does not fit in memory; a batch that does is named.
    """
    check_run_path(run)
    start = None if from_checkpoint is None else find_new_start(from_checkpoint)
    asked = RuntimeSettings(
        device,
        precision,
        tuple(log),
        quiet,
        accumulate=accumulate,
        compiles=compile,
        shards_weights=shard_weights,
    )
    settings = replace(asked, device=resolve_device(device))
    check_settings(settings)
    most_memory = choose_memory_for_rows(memory_for_rows, settings.device)
    name, file, stages = None, None, experiment
    if isinstance(stages, str | Path):
        entry = registry.find_experiment(stages)
        name, file = entry.name, entry.file
        options = resolve_options(entry, options)
        check_extractor_options(options)
        stages = _build_stages(entry, options, most_memory, settings.device)
        command = make_train_command(entry, options, asked, memory_for_rows)
        settings = replace(settings, command=command)
    limit = limit_memory_for_rows(most_memory)
    with limit, tell_way_on(run), init_ranks(settings.device) as here:
        check_sharding(settings, here)
        config = make_config(name, stages, options, settings, file=file, ranks=here.size)
        check_batches(stages, here, settings.device, accumulate)
        more = {}
        if start is not None:
            more = collect_start_files(start, config, stages, here)
            config["from_checkpoint"] = start.describe()
        opened = reopen_run(run, config)
        if here.is_first and not quiet:
            print_notes(list_recipe_notes(stages))
            print_notes(f"{name}: {words}" for name, words in config["rows_on_disk"].items())
            if opened is None and names_own_data(options):
                times = estimate_stage_seconds(stages, settings.device, Path(run), settings.command)
                config["estimated_seconds"] = times
                print_notes(describe_plan(config))
        opened = opened or create_run(run, config, file, here, more)
        with lock_run(opened.path, here):
            remaining = partial(train_remaining, opened, stages, here, settings)
            return train_missing_extractors_for(remaining, settings.device)


def resume(
    run: str | Path,
    *,
    device: str = "auto",
    log: Sequence[str] = (),
    quiet: bool = False,
    shard_weights: bool = False,
    experiment: Experiment | None = None,
) -> Run:
    """Continue a run where it stopped, bit for bit on the same kind of machine.

    Args:
        run: The run's folder.
        device, log, quiet, shard_weights: As for `train`.
        experiment: The stages, if `train` got stages and not a name.

    Raises:
        InputError: The folder is no run, or its checkpoint is damaged or does not fit.
    """
    opened = Run(run)
    asked = replace(read_settings(opened.config), device=device, log=tuple(log), quiet=quiet)
    stages, command = _rebuild(opened, experiment, asked)
    device = resolve_device(device)
    check_parts(asked.accumulate)
    settings = replace(asked, device=device, command=command, shards_weights=shard_weights)
    limit = limit_memory_for_rows(read_memory_for_rows(opened.config))
    with limit, tell_way_on(run), init_ranks(device) as here, lock_run(opened.path, here):
        check_resumable(opened, here)
        check_sharding(settings, here)
        remaining = partial(train_remaining, opened, stages, here, settings)
        return train_missing_extractors_for(remaining, device)


def rebuild_experiment(run: Run) -> Experiment:
    """The stages of a run, built again from its run.json.

    Raises:
        InputError: `train` got stages and not a name.
        NotRebuilt: The experiment or its data does not exist any more, or the data has changed.
    """
    return _rebuild(run)[0]


def _rebuild(
    run: Run, experiment: Experiment | None = None, asked: RuntimeSettings | None = None
) -> tuple[Experiment, TrainCommand | None]:
    """The stages of a run, which are those given or built again, and what trains them anew.

    `asked` is how a person goes on with it; where nobody does, as run.json has it.
    """
    if experiment is not None:
        check_data_unchanged(run.path, run.config.get("datasets", {}), experiment)
        return experiment, None
    name = run.config.get("experiment")
    if name is None:
        raise InputError(f"{run.path} was trained from Python; pass its stages as experiment=.")
    asked = asked or read_settings(run.config)
    try:
        entry = find_run_experiment(run, str(name))
        options = read_run_options(run, entry)
        stages = _build_stages(entry, options, read_memory_for_rows(run.config), asked.device)
    except InputError as error:
        raise NotRebuilt(str(error)) from error
    check_data_unchanged(run.path, run.config.get("datasets", {}), stages)
    values, memory = resolve_options(entry, options), find_given_memory(run.config, asked.device)
    return stages, make_train_command(entry, values, asked, memory)


def _build_stages(
    entry: ExperimentEntry, options: Mapping[str, Any], memory_for_rows: float, device: str
) -> Experiment:
    """The stages of an experiment, whose rows may take so many GiB, and whose extractors exist."""
    with limit_memory_for_rows(memory_for_rows):
        return train_missing_extractors_for(partial(build_experiment, entry, options), device)


def evaluate(
    run: str | Path,
    *,
    device: str = "auto",
    metrics: Sequence[str] = (),
    draws: int = 1,
    split: str = "test",
    rows: int | None = None,
    quiet: bool = True,
    experiment: Experiment | None = None,
) -> dict[str, Any]:
    """Measure the experiment's scores, or those that `metrics` names, and write scores.json.

    Scores of other names that it already has are kept. Several ranks share the rows.

    Args:
        run: A run whose stages are trained.
        device: As for `train`.
        metrics: Names of the experiment's scores, or of measures of the catalogue, such as
            "fd:cifar10-resnet56", for the stages that they fit; all of the experiment's if empty.
        draws: Repetitions with other seeds, for the spread.
        split: The split on which measures of the catalogue are taken.
        rows: Rows of the split, and samples, for measures of the catalogue; all when None.
        quiet: Print no line for each score.
        experiment: As for `resume`.

    Returns:
        {"run": {...}, "scores": {"<stage>/<score>": {"value", "unit", "n", "spread", "spread_is",
        "protocol", "caution", "seconds", "detail"}}}.

    Raises:
        InputError: The folder is no run, a stage is not trained yet, or a measure fits no stage.
        RankLost: Another rank has ended; nothing was written.
    """
    require_at_least(1, draws=draws, rows=1 if rows is None else rows)
    opened, stages = _open_run(run, experiment)
    device = resolve_device(device)

    def measure() -> dict[str, Any]:
        evaluations = {name: stage.evaluations for name, stage in stages.items()}
        if metrics:
            evaluations = catalogue.select_evaluations(stages, metrics, split=split, rows=rows)
        own = {"device": device, "draws": draws, "quiet": quiet}
        return evaluate_run(opened, stages, evaluations, **own, ranks=here)

    with init_ranks(device) as here:
        return train_missing_extractors_for(measure, device)


def draw_pictures(run: str | Path, *, experiment: Experiment | None = None) -> list[Path]:
    """Draw the pictures of the experiment's trained stages into RUN/pictures."""
    opened, stages = _open_run(run, experiment)
    return train_missing_extractors_for(partial(draw_run_pictures, opened, stages), "cpu")


def _open_run(run: str | Path, experiment: Experiment | None) -> tuple[Run, Experiment]:
    """A run with its stages, which are those given or built again."""
    opened = Run(run)
    return opened, _rebuild(opened, experiment)[0]


def train_missing_extractors_for(work: Callable[[], Result], device: str) -> Result:
    """Do some work; when it lacks an extractor, train that once, and start again.

    Of several ranks, which all lack it, the first one trains it, and the others wait.

    Args:
        work: What every rank does.
        device: Where it is done.

    Raises:
        InputError: A missing extractor cannot be trained without more options.
    """
    while True:
        try:
            return work()
        except MissingExtractor as missing:
            with init_ranks(resolve_device(device)) as here:
                exchange = Exchange(here)
                exchange.run_on_first(partial(train_extractor, missing))
                exchange.close()


def train_extractor(missing: MissingExtractor) -> None:
    """Train the experiment of an extractor into the cache, or continue it, and measure its scores.

    Raises:
        InputError: There is no such experiment, or it needs options.
    """
    entry = find_extractor_experiment(missing.name, missing.experiment)
    print_notes([missing.describe_training(entry.about.time)])
    with missing.lock() as is_missing, torch.enable_grad(), torch.random.fork_rng():
        if not is_missing:
            return
        if missing.run.exists():
            resume(missing.run)
        else:
            train(missing.experiment, run=missing.run, seed=missing.seed)
        evaluate(missing.run)
