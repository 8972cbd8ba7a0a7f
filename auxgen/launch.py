"""Train, resume and evaluate by name: the only room that knows experiments by their names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from filelock import FileLock

from .engine.device import resolve_device
from .engine.ranks import init_ranks
from .engine.settings import Precision
from .errors import InputError, require_at_least, unknown_name
from .evaluation import catalogue
from .experiments import registry
from .features.trained import MissingExtractor, _is_run_finished
from .runs.evaluate import draw_run_pictures, evaluate_run
from .runs.folder import Run, make_config
from .runs.train import RuntimeSettings, create_run, train_remaining
from .stage import Experiment

Result = TypeVar("Result")


def train(
    experiment: str | Path | Experiment,
    *,
    run: str | Path,
    device: str = "auto",
    precision: Precision | None = None,
    log: Sequence[str] = (),
    quiet: bool = False,
    **options: Any,
) -> Run:
    """Train an experiment's stages in order into a new run folder.

    Args:
        experiment: A name, a Python file with a function `experiment`, or stages made by hand.
        run: The folder to make.
        device: "auto", "cpu", "cuda" or "cuda:1".
        precision: Of forward passes; None for the experiment's own.
        log: Trackers to write to as well: "tensorboard", "wandb", "mlflow".
        quiet: No progress on stderr.
        options: The experiment's keyword arguments.

    Raises:
        InputError: There is no such experiment, option or device, or the folder exists.
        Diverged: A term became non-finite; the last good checkpoint stays.
        Interrupted: A signal came; everything is saved.
        NotSaved: The device is full; the last good checkpoint stays.
    """
    name, file = None, None
    if isinstance(experiment, str | Path):
        entry = registry.find_experiment(experiment)
        name, file = entry.name, entry.file
        options = registry.resolve_options(entry, options)
        stages = train_missing_extractors_for(lambda: registry.build_experiment(entry, options))
    else:
        stages = experiment
    device = resolve_device(device)
    settings = RuntimeSettings(device, precision, tuple(log), quiet)
    with init_ranks(device) as here:
        config = make_config(name, stages, options, device=device, precision=precision)
        made = create_run(run, config, file, here)
        return train_missing_extractors_for(lambda: train_remaining(made, stages, here, settings))


def resume(
    run: str | Path,
    *,
    device: str = "auto",
    log: Sequence[str] = (),
    quiet: bool = False,
    experiment: Experiment | None = None,
) -> Run:
    """Continue a run where it stopped, bit for bit on the same kind of machine.

    Args:
        run: Its folder.
        device: As for `train`.
        log: As for `train`.
        quiet: As for `train`.
        experiment: The stages, where they were made by hand.

    Raises:
        InputError: The folder is no run, or its checkpoint is damaged or of another experiment.
    """
    opened = Run(run)
    stages = experiment if experiment is not None else rebuild_experiment(opened)
    device = resolve_device(device)
    settings = RuntimeSettings(device, opened.config.get("precision"), tuple(log), quiet)
    with init_ranks(device) as here:
        return train_missing_extractors_for(lambda: train_remaining(opened, stages, here, settings))


def rebuild_experiment(run: Run) -> Experiment:
    """The stages of a run, built again from its run.json.

    Raises:
        InputError: It was made from Python, or its experiment is gone.
    """
    name = run.config.get("experiment")
    if name is None:
        raise InputError(f"{run.path} was made from Python; pass its stages as experiment=.")
    own = run.path / "experiment.py"
    entry = registry.find_experiment(own if own.exists() else name)
    options = run.config["options"]
    if run.config.get("format", 1) == 1:
        options = registry.update_old_options(entry, options)
    return train_missing_extractors_for(lambda: registry.build_experiment(entry, options))


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
    """Measure what the experiment lists, or the measures named, and write it into scores.json.

    Scores of other names that are there already stay.

    Args:
        run: A run whose stages are trained.
        device: As for `train`.
        metrics: Only these: names that the experiment lists, or any measure of the catalogue such
            as "fd:cifar10-resnet56", for the stages that can be measured so; what the experiment
            lists when empty.
        draws: Repetitions with other seeds, for the spread.
        split: The split on which measures of the catalogue are taken.
        rows: Rows of the split, and samples, for measures of the catalogue; all when None.
        quiet: Print no line for each score.
        experiment: The stages, where they were made by hand.

    Returns:
        {"run": {...}, "scores": {"<stage>/<score>": {"value", "unit", "n", "spread", "spread_is",
        "protocol", "caution", "seconds", "detail"}}}.

    Raises:
        InputError: The folder is no run, a stage is not trained yet, or no stage can be measured
            so.
    """
    require_at_least(1, draws=draws, rows=1 if rows is None else rows)
    opened = Run(run)
    stages = experiment if experiment is not None else rebuild_experiment(opened)
    device = resolve_device(device)

    def measure() -> dict[str, Any]:
        evaluations = {name: dict(stage.evaluations) for name, stage in stages.items()}
        if metrics:
            evaluations = catalogue.select_evaluations(stages, metrics, split=split, rows=rows)
        return evaluate_run(opened, stages, evaluations, device=device, draws=draws, quiet=quiet)

    return train_missing_extractors_for(measure)


def draw_pictures(run: str | Path, *, experiment: Experiment | None = None) -> list[Path]:
    """Draw what the experiment's trained stages have to show into RUN/pictures."""
    opened = Run(run)
    stages = experiment if experiment is not None else rebuild_experiment(opened)
    return train_missing_extractors_for(lambda: draw_run_pictures(opened, stages))


def train_missing_extractors_for(work: Callable[[], Result]) -> Result:
    """Do the work; extractors that it lacks are trained, once each, and it starts again.

    Raises:
        InputError: A lacking extractor cannot be trained without more options.
    """
    while True:
        try:
            return work()
        except MissingExtractor as missing:
            train_extractor(missing)


def train_extractor(missing: MissingExtractor) -> None:
    """Train the experiment of an extractor into the cache, or what is left of it; then its scores.

    Raises:
        InputError: There is no such experiment, or it needs options of a person.
    """
    name, experiment, path = missing.name, missing.experiment, missing.run
    if experiment not in registry.list_extractors():
        raise unknown_name("extractor", experiment, registry.list_extractors())
    entry = registry.find_experiment(experiment)
    needs = registry.list_required_options(entry)
    if needs:
        raise InputError(
            f"{name} is not trained, and needs {', '.join(needs)}: train it with auxgen train "
            f"{experiment} --run FOLDER, then name the folder or put it into AUXGEN_WEIGHTS as "
            f"{name}."
        )
    print(
        f"{name} is in neither AUXGEN_WEIGHTS nor the cache: training it once, "
        f"{entry.about.time or 'some minutes'}.",
        file=sys.stderr,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        FileLock(path.with_name(f".{path.name}.lock")),
        torch.enable_grad(),
        torch.random.fork_rng(),
    ):
        if _is_run_finished(path):  # by another process meanwhile
            return
        if path.exists():
            resume(path)
        else:
            train(experiment, run=path, seed=missing.seed)
        evaluate(path)
