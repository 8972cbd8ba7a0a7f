"""The title, and the result in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from .numbers import spread, value_with_unit
from .read import RunFolder


def title(runs: Sequence[RunFolder]) -> str:
    """The experiment and its run, or how many runs are compared."""
    if len(runs) == 1:
        asked = runs[0].facts.get("experiment")
        return f"{asked}, run {runs[0].label}" if asked else f"Run {runs[0].label}"
    experiments = {str(run.facts.get("experiment", "")) for run in runs}
    of = experiments.pop() if len(experiments) == 1 else ""
    return f"{of}: {len(runs)} runs compared" if of else f"{len(runs)} runs compared"


def headline(runs: Sequence[RunFolder]) -> str:
    """The score that sums up the runs: an error that most have, else the first; "" for none."""
    names = dict.fromkeys(name for run in runs for name in run.scores)
    held = {name: sum(name in run.scores for run in runs) for name in names}
    errors = [name for name in names if _is_error(name) and "peer" not in name]
    chosen = errors or list(names)
    return max(chosen, key=lambda name: held[name]) if chosen else ""


def sentence(runs: Sequence[RunFolder]) -> str:
    """The result in one sentence."""
    name = headline(runs)
    if not name:
        none = f"None of these {len(runs)} runs has scores yet."
        return "This run has no scores yet." if len(runs) == 1 else none
    if len(runs) == 1:
        score = runs[0].scores[name]
        between = f" {spread(score)}" if score.spread is not None else ""
        return f"The {in_words(name)} is {value_with_unit(score)}{between} on {score.n:,} rows."
    return _of_several(runs, name)


def _of_several(runs: Sequence[RunFolder], name: str) -> str:
    """The best where lower is known to be better, else the range."""
    measured = sorted((r for r in runs if name in r.scores), key=lambda r: r.scores[name].value)
    low, high = measured[0], measured[-1]
    least, most = value_with_unit(low.scores[name]), value_with_unit(high.scores[name])
    of = f"of {len(runs)} runs" if len(measured) == len(runs) else f"of {len(measured)} scored runs"
    what = in_words(name)
    if len({r.scores[name].protocol for r in measured}) > 1:
        return f"The {what} is from {least} to {most}, {of}, not all measured in the same way."
    if _is_error(name) and len(measured) > 1:
        return f"{low.label} has the lowest {what}, {least}, {of}; the highest is {most}."
    return f"The {what} is from {least} ({low.label}) to {most} ({high.label}), {of}."


def in_words(name: str) -> str:
    """A score by name: "sdgm/test error" is the test error of sdgm."""
    stage, _, metric = name.rpartition("/")
    return f"{metric} of {stage}" if stage else metric


def _is_error(name: str) -> bool:
    return "error" in name.rpartition("/")[2]
