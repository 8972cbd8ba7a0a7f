"""Carrying out evaluations: seeded, without gradients, timed."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from .errors import InputError, unknown
from .experiment import Evaluation
from .files import encoded, write_text
from .method import Method
from .run import Run, chosen, remade


def scores_of(
    stage: str,
    method: Method,
    evaluations: Mapping[str, Evaluation],
    seed: int,
    metrics: Sequence[str],
    quiet: bool,
) -> dict[str, Any]:
    """Each evaluation of a method in eval mode, by "<stage>/<metric>".

    Every evaluation starts from the run's seed, so that none depends on which ran before it, and
    the random state is put back afterwards.

    `metrics` that the stage does not have are passed over; all are measured when it is empty.
    """
    found = {}
    for name in [m for m in metrics if m in evaluations] if metrics else evaluations:
        begun = time.monotonic()
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            score = evaluations[name](method)
        seconds = round(time.monotonic() - begun, 2)
        found[f"{stage}/{name}"] = {**asdict(score), "seconds": seconds}
        if not quiet:
            print(f"{stage}/{name}  {score.value:.4g} {score.unit}  ({seconds} s)", file=sys.stderr)
    return found


def evaluate(
    run: str | Path, *, device: str = "auto", metrics: Sequence[str] = (), quiet: bool = True
) -> dict[str, Any]:
    """Measure what the experiment lists, and write it into scores.json.

    Scores of other names that are there already stay.

    Args:
        run: A run whose stages are trained.
        device: As for `train`.
        metrics: Only these names, of the stages that have them; all when empty.
        quiet: Do not tell each score as it is measured.

    Returns:
        {"run": {...}, "scores": {"<stage>/<metric>": {"value", "unit", "n", "spread", "protocol",
        "seconds", "detail"}}}.

    Raises:
        InputError: The folder is no run, a stage is not trained yet, or none has such a metric.
    """
    opened = Run(run)
    stages = remade(opened)
    device = chosen(device)
    known = {metric for stage in stages.values() for metric in stage.evaluations}
    for metric in metrics:
        if metric not in known:
            raise unknown("metric", metric, known)
    found: dict[str, Any] = {}
    for name, stage in stages.items():
        if name not in opened.stages():
            raise InputError(
                f"Stage {name} of {run} is not trained; go on with: auxgen train --resume {run}."
            )
        opened.restore(name, stage)
        method = stage.method.to(device).eval().requires_grad_(False)
        found |= scores_of(name, method, stage.evaluations, opened.asked["seed"], metrics, quiet)
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
