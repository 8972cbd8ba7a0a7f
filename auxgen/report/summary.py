"""The title, and the result in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from .numbers import format_spread, format_value_with_unit
from .read import RunFolder


def format_title(runs: Sequence[RunFolder]) -> str:
    """The experiment and its run, or how many runs are compared."""
    if len(runs) == 1:
        asked = runs[0].facts.get("experiment")
        return f"{asked}, run {runs[0].label}" if asked else f"Run {runs[0].label}"
    experiments = {str(run.facts.get("experiment", "")) for run in runs}
    of = experiments.pop() if len(experiments) == 1 else ""
    return f"{of}: {len(runs)} runs compared" if of else f"{len(runs)} runs compared"


def find_headline_score(run: RunFolder) -> str:
    """The score that sums up a run: the last stage's error, else its last score; "" for none."""
    errors = [name for name in run.scores if _is_error(name) and "peer" not in name]
    stages = [name.rpartition("/")[0] for name in errors]
    of_last = [n for n, stage in zip(errors, stages, strict=True) if stage == stages[-1]]
    return next(iter(of_last or [*run.scores][-1:]), "")


def describe_result(runs: Sequence[RunFolder]) -> str:
    """The result in one sentence."""
    scored = [run for run in runs if find_headline_score(run)]
    if not scored:
        none = f"None of these {len(runs)} runs has scores yet."
        return "This run has no scores yet." if len(runs) == 1 else none
    if len(runs) == 1:
        name = find_headline_score(runs[0])
        score = runs[0].scores[name]
        between = f" {format_spread(score)}" if score.spread is not None else ""
        return f"The {_format_score_name(name)} is {format_value_with_unit(score)}{between} on {score.n:,} rows."
    return _describe_several_runs(scored, len(runs))


def _describe_several_runs(scored: Sequence[RunFolder], all_runs: int) -> str:
    """The best where lower is known to be better, else the range."""
    measured = sorted(scored, key=lambda run: run.scores[find_headline_score(run)].value)
    low, high = measured[0], measured[-1]
    least, most = (
        format_value_with_unit(run.scores[find_headline_score(run)]) for run in (low, high)
    )
    of = f"of {all_runs} runs" if len(measured) == all_runs else f"of {len(measured)} scored runs"
    what = get_key_metric(scored)
    if len({run.scores[find_headline_score(run)].protocol for run in measured}) > 1:
        return f"The {what} is from {least} to {most}, {of}, not all measured in the same way."
    if _is_error(what) and len(measured) > 1:
        return f"{low.label} has the lowest {what}, {least}, {of}; the highest is {most}."
    return f"The {what} is from {least} ({low.label}) to {most} ({high.label}), {of}."


def get_key_metric(runs: Sequence[RunFolder]) -> str:
    """What several runs are compared by: a metric, with its stage where all have the same."""
    names = dict.fromkeys(find_headline_score(run) for run in runs if find_headline_score(run))
    metrics = dict.fromkeys(name.rpartition("/")[2] for name in names)
    return _format_score_name(next(iter(names))) if len(names) == 1 else ", ".join(metrics)


def _format_score_name(name: str) -> str:
    """A score by name: "sdgm/test error" is the test error of sdgm."""
    stage, _, metric = name.rpartition("/")
    return f"{metric} of {stage}" if stage else metric


def _is_error(name: str) -> bool:
    return "error" in name.rpartition("/")[2]
