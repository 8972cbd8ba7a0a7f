"""Carrying out evaluations: seeded, without gradients, timed."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import is_dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any, cast

import torch

from ..engine.device import Ranks
from ..engine.shared_rows import share_rows
from ..engine.signals import StopSignal, catch_signals
from ..errors import InputError, RankLost
from ..files import encode_json, write_file
from ..method import Method
from ..score import Evaluation, Score
from ..stage import Experiment
from .folder import Run

ONE_RANK = Ranks()


def measure_scores(
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
    Ranks that call it together inside `share_rows` share the rows, and get the same scores.

    Args:
        draws: Repetitions, each with a seed of its own; then values are means over them.
        quiet: Print no line for each score.
    """
    found = {}
    for name, evaluation in evaluations.items():
        start = time.monotonic()
        repetitions = range(draws if _is_random(evaluation) else 1)
        each = [_run_once(name, evaluation, method, seed, draw) for draw in repetitions]
        seconds = round(time.monotonic() - start, 2)
        for score in each[0]:
            average = average_draws([one[score] for one in each])
            found[f"{stage}/{score}"] = {**average.to_json(), "seconds": seconds}
            if not quiet:
                line = f"{stage}/{score}  {average.value:.4g} {average.unit}".rstrip()
                print(f"{line}  ({seconds} s)", file=sys.stderr)
    return found


def _is_random(evaluation: Evaluation) -> bool:
    """Whether another seed may give another score: all but dataclasses that have none."""
    return not is_dataclass(evaluation) or hasattr(evaluation, "seed")


def _run_once(
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


def average_draws(each: Sequence[Score]) -> Score:
    """The mean over repetitions, with their standard deviation; one repetition is left as it is."""
    first, values = each[0], [score.value for score in each]
    if len(each) == 1:
        return first
    return replace(
        first,
        value=mean(values),
        spread=stdev(values),
        spread_is=f"standard deviation over {len(each)} draws",
        interval=None,
        protocol=f"{first.protocol}; mean of {len(each)} draws, with this seed and the next ones",
        detail={**first.detail, "draws": values},
    )


def evaluate_run(
    run: Run,
    stages: Experiment,
    evaluations: Mapping[str, Mapping[str, Evaluation]],
    *,
    device: str,
    draws: int = 1,
    quiet: bool = True,
    ranks: Ranks = ONE_RANK,
) -> dict[str, Any]:
    """Measure a run's stages and write scores.json; scores of other names that are there stay.

    Args:
        stages: Stages of the run, whose methods get its weights.
        evaluations: Evaluations by stage and name.
        draws: As for `measure_scores`.
        quiet: As for `measure_scores`.
        ranks: Processes that measure the same together; the first one speaks and writes.

    Returns:
        What scores.json holds, with the new scores alone.

    Raises:
        InputError: A stage is not trained yet.
        RankLost: A rank was lost; nothing was written.
        Interrupted: A signal stopped several ranks; nothing was written.
    """
    earlier = run.read_scores()  # before hours of measuring
    found: dict[str, Any] = {}
    with _catch_signals_of_ranks(ranks) as stop, share_rows(ranks, stop) as exchange:
        own = {"draws": draws, "quiet": quiet or not ranks.is_first}
        for name, stage in stages.items():
            if name not in run.trained_stages():
                raise InputError(
                    f"Stage {name} of {run.path} is not trained; continue with: "
                    f"auxgen train --resume {run.path}."
                )
            run.restore_stage(name, stage)
            method = stage.method.to(device).eval().requires_grad_(False)
            found |= measure_scores(name, method, evaluations[name], run.config["seed"], **own)
        every = {"run": run.config, "scores": {**earlier["scores"], **found}}
        content = encode_json(every)
        exchange.run_on_first(lambda: write_file(run.path / "scores.json", content))
    return {"run": run.config, "scores": found}


@contextmanager
def _catch_signals_of_ranks(ranks: Ranks) -> Iterator[StopSignal | None]:
    """Signals wait for the next message, where there are several ranks.

    torchrun ends all ranks by SIGTERM when one is lost, which the others say first.

    Raises:
        RankLost: A rank was lost; says what to do.
    """
    if ranks.size == 1:
        yield None
        return
    try:
        with catch_signals() as stop:
            yield stop
    except RankLost as error:
        lost = str(error).rstrip(".")
        raise RankLost(f"{lost}; no score was written, so evaluate again.") from error


def draw_run_pictures(run: Run, stages: Experiment) -> list[Path]:
    """Draw what the trained stages have to show into RUN/pictures."""
    folder, drawn = run.path / "pictures", []
    trained = {name: stage for name, stage in stages.items() if name in run.trained_stages()}
    for name, stage in trained.items():
        run.restore_stage(name, stage)
        folder.mkdir(exist_ok=True)
        for title, picture in stage.pictures.items():
            drawn.append(folder / f"{name}-{title}.png")
            torch.manual_seed(run.config["seed"])
            with torch.no_grad():
                picture(stage.method.eval(), drawn[-1])
    return drawn
