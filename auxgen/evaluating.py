"""Carrying out evaluations: seeded, without gradients, timed."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any, cast

import torch

from .errors import InputError, at_least
from .evaluation import catalogue
from .experiment import Evaluation, Score
from .files import encoded, write_text
from .method import Method
from .run import Run, chosen, remade


def scores_of(
    stage: str,
    method: Method,
    evaluations: Mapping[str, Evaluation],
    seed: int,
    *,
    draws: int = 1,
    quiet: bool = True,
) -> dict[str, Any]:
    """Scores of a method in eval mode, each by "<stage>/<score>", as JSON-able objects.

    Every evaluation starts from the run's seed, so that none depends on which ran before it, and
    the random state is put back afterwards. Scores that share an evaluation share its seconds.

    Args:
        stage: The stage's name.
        method: What is measured.
        evaluations: By name.
        seed: The run's.
        draws: Repetitions, each with a seed of its own; then values are means over them.
        quiet: Do not tell each score as it is measured.
    """
    found = {}
    for name, evaluation in evaluations.items():
        begun = time.monotonic()
        times = draws if is_random(evaluation) else 1
        each = [measured(name, evaluation, method, seed, draw) for draw in range(times)]
        seconds = round(time.monotonic() - begun, 2)
        for score in each[0]:
            over = over_draws([one[score] for one in each])
            found[f"{stage}/{score}"] = {**asdict(over), "seconds": seconds}
            if not quiet:
                said = f"{stage}/{score}  {over.value:.4g} {over.unit}".rstrip()
                print(f"{said}  ({seconds} s)", file=sys.stderr)
    return found


def is_random(evaluation: Evaluation) -> bool:
    """Whether another seed may give another score: all but dataclasses that have none."""
    return not is_dataclass(evaluation) or hasattr(evaluation, "seed")


def measured(
    name: str, evaluation: Evaluation, method: Method, seed: int, draw: int
) -> dict[str, Score]:
    """One repetition: scores by name."""
    own = getattr(evaluation, "seed", None)
    if draw and own is not None:
        evaluation = replace(cast(Any, evaluation), seed=own + draw)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed + draw)
        result = evaluation(method)
    return {name: result} if isinstance(result, Score) else dict(result)


def over_draws(each: Sequence[Score]) -> Score:
    """The mean over repetitions, with their standard deviation; one repetition is left as it is."""
    first, values = each[0], [score.value for score in each]
    if len(each) == 1:
        return first
    return replace(
        first,
        value=mean(values),
        spread=stdev(values),
        spread_is=f"standard deviation over {len(each)} draws",
        protocol=f"{first.protocol}; mean of {len(each)} draws, with this seed and the next ones",
        detail={**first.detail, "draws": values},
    )


def evaluate(
    run: str | Path,
    *,
    device: str = "auto",
    metrics: Sequence[str] = (),
    draws: int = 1,
    split: str = "test",
    rows: int | None = None,
    quiet: bool = True,
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
        split: What measures of the catalogue are taken on.
        rows: Rows of the split, and samples, for measures of the catalogue; all when None.
        quiet: Do not tell each score as it is measured.

    Returns:
        {"run": {...}, "scores": {"<stage>/<score>": {"value", "unit", "n", "spread", "spread_is",
        "protocol", "caution", "seconds", "detail"}}}.

    Raises:
        InputError: The folder is no run, a stage is not trained yet, or no stage can be measured
            so.
    """
    at_least(1, draws=draws, rows=1 if rows is None else rows)
    opened = Run(run)
    stages = remade(opened)
    device = chosen(device)
    chosen_ones = {name: dict(stage.evaluations) for name, stage in stages.items()}
    if metrics:
        chosen_ones = catalogue.select(stages, metrics, split=split, rows=rows)
    found: dict[str, Any] = {}
    for name, stage in stages.items():
        if name not in opened.stages():
            raise InputError(
                f"Stage {name} of {run} is not trained; go on with: auxgen train --resume {run}."
            )
        opened.restore(name, stage)
        method = stage.method.to(device).eval().requires_grad_(False)
        found |= scores_of(
            name, method, chosen_ones[name], opened.asked["seed"], draws=draws, quiet=quiet
        )
    every = {"run": opened.asked, "scores": {**opened.scores()["scores"], **found}}
    write_text(opened.path / "scores.json", encoded(every).decode())
    return {"run": opened.asked, "scores": found}


def draw(run: str | Path) -> list[Path]:
    """Draw what the experiment's trained stages have to show into RUN/pictures."""
    opened = Run(run)
    folder, drawn = opened.path / "pictures", []
    for name, stage in remade(opened).items():
        if name in opened.stages():
            opened.restore(name, stage)
            folder.mkdir(exist_ok=True)
            for title, picture in stage.pictures.items():
                file = folder / f"{name}-{title}.png"
                torch.manual_seed(opened.asked["seed"])
                with torch.no_grad():
                    picture(stage.method.eval(), file)
                drawn.append(file)
    return drawn
