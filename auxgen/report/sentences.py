"""Sentences of a report: its title, its result, how training went."""

from collections.abc import Sequence

from .read import Curve, CurveName, RunFolder
from .words import name_metric, name_peer, name_stage


def format_title(runs: Sequence[RunFolder]) -> str:
    """The experiment and its run, or how many runs are compared."""
    experiments = {str(run.facts.get("experiment") or "") for run in runs}
    shared = experiments.pop() if len(experiments) == 1 else ""
    if len(runs) > 1:
        return f"{shared}: {len(runs)} runs compared" if shared else f"{len(runs)} runs compared"
    return f"{shared}, run {runs[0].label}" if shared else f"Run {runs[0].label}"


def find_headline_score(run: RunFolder) -> str:
    """The score that sums up a run: the last stage's error, else its last score; "" for none."""
    errors = [name for name in run.scores if _is_error(name) and "peer" not in name]
    if not errors:
        return next(reversed(run.scores), "")
    last, _, _ = errors[-1].rpartition("/")
    return next(name for name in errors if name.rpartition("/")[0] == last)


def describe_result(runs: Sequence[RunFolder]) -> str:
    """The result in one sentence."""
    measured = [run for run in runs if run.scores]
    if len(runs) > 1:
        none = f"None of these {len(runs)} runs has scores yet."
        return _describe_several_runs(measured, len(runs)) if measured else none
    if not measured:
        return "This run has no scores yet."
    name = find_headline_score(runs[0])
    if name.rpartition("/")[2] == "test_error":
        return _describe_errors(runs[0], name)
    score = runs[0].scores[name]
    return f"The {_format_score_name(name)} is {score} on {score.n:,} rows."


def _describe_errors(run: RunFolder, name: str) -> str:
    """What share of new rows is predicted wrong, and what simpler methods get wrong."""
    score, alone = run.scores[name], run.scores.get("supervised/test_error")
    rows = f"of {score.n:,} rows that training did not see"
    if alone and alone is not score and alone.n == score.n:
        labels, others = run.count_labels()
        with_labels = f"the {labels:,} labels alone" if labels else "the labels alone"
        unlabelled = (
            f"the {others:,} rows without a label" if others else "the rows without a label"
        )
        result = (
            f"With {with_labels}, {alone.format_value()} {rows} are predicted wrong; with "
            f"{unlabelled} too, {score}."
        )
    else:
        result = f"{score} {rows} are predicted wrong."
    peers = {n: s.value for n, s in run.scores.items() if n.rpartition("/")[2].startswith("peer_")}
    if not peers:
        return result
    best = min(peers, key=lambda name: peers[name])
    peer = name_peer(best.rpartition("/")[2])
    return f"{result} The best simple method, {peer}: {run.scores[best].format_value()}."


def _describe_several_runs(measured: Sequence[RunFolder], all_runs: int) -> str:
    """The best run where a low score is known to be better, else the range."""
    scores = {run.label: run.scores[find_headline_score(run)] for run in measured}
    ranked = sorted(scores, key=lambda label: scores[label].value)
    low, high = ranked[0], ranked[-1]
    least, most = scores[low].format_value(), scores[high].format_value()
    share = f"of {len(measured)} {'' if len(measured) == all_runs else 'scored '}runs"
    metric = get_key_metric(measured)
    if len({score.protocol for score in scores.values()}) > 1:
        return f"The {metric} is from {least} to {most}, {share}, not all measured in the same way."
    if len(measured) > 1 and all(_is_error(find_headline_score(run)) for run in measured):
        best = f"{low} is the best {share}: {metric} {least}"
        return f"{best}; the highest is {most}."
    return f"The {metric} is from {least} ({low}) to {most} ({high}), {share}."


def get_key_metric(runs: Sequence[RunFolder]) -> str:
    """What several runs are compared by: a metric, with its stage where all have the same."""
    names = dict.fromkeys(find_headline_score(run) for run in runs if find_headline_score(run))
    metrics = dict.fromkeys(name_metric(name.rpartition("/")[2]) for name in names)
    return _format_score_name(next(iter(names))) if len(names) == 1 else ", ".join(metrics)


def _format_score_name(name: str) -> str:
    """A score by name: "sdgm/test error" is the test error of sdgm."""
    stage, _, metric = name.rpartition("/")
    words = name_metric(metric)
    return f"{words} of {name_stage(stage)}" if stage else words


def _is_error(name: str) -> bool:
    return "error" in name.rpartition("/")[2]


def describe_collapse(runs: Sequence[RunFolder], stage: str) -> list[str]:
    """A sentence for each run in which duplicates and recall were measured during training."""
    sentences = []
    for run in runs:
        names = [CurveName(stage, "scores", name) for name in ("duplicates", "recall")]
        curves = [run.curves[name] for name in names if name in run.curves]
        if len(curves) == 2 and all(curve.values for curve in curves):
            label = f"{run.label}: " if len(runs) > 1 else ""
            sentences.append(label + _describe_collapse_curves(*curves))
    return sentences


def _describe_collapse_curves(duplicates: Curve, recall: Curve) -> str:
    """The last values, and the worst with their steps; both curves are in per cent."""
    most, least = max(duplicates.values), min(recall.values)
    at_most = duplicates.steps[duplicates.values.index(most)]
    at_least = recall.steps[recall.values.index(least)]
    return (
        f"Mode collapse was watched at {len(recall.values)} steps: at {recall.steps[-1]:,}, "
        f"{duplicates.values[-1]:.1f} % of the samples in a batch are duplicates (at most "
        f"{most:.1f} %, at step {at_most:,}) and recall is {recall.values[-1]:.1f} % (at least "
        f"{least:.1f} %, at step {at_least:,})."
    )
