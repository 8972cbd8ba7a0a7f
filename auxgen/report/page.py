"""The page of a report: what fills in the template report.html.j2."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..errors import InputError
from ..score import describe_few_rows
from . import figures
from .read import NARROW_SPACE, CurveName, RunFolder, ScoreRecord
from .sentences import (
    describe_collapse,
    describe_result,
    find_headline_score,
    format_title,
    get_key_metric,
)
from .words import explain_term, name_score, name_stage

MAX_CARDS = 6
MAX_TABLE_CLASSES = 20
MAX_LISTED_CONFUSIONS = 10


def render_page(runs: Sequence[RunFolder]) -> str:
    """The HTML of one run, or of several compared.

    Raises:
        InputError: A confusion matrix or a reliability curve is malformed.
    """
    blocks: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True}
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, **blocks)
    environment.filters["base64"] = lambda content: b64encode(content).decode("ascii")
    environment.filters["as_text"] = _format_json_value
    columns = ["value", "spread", "rows"] if len(runs) == 1 else [run.label for run in runs]
    return environment.get_template("report.html.j2").render(
        runs=runs,
        several=len(runs) > 1,
        title=format_title(runs),
        result=describe_result(runs),
        key_metric=get_key_metric(runs),
        cards=_list_cards(runs),
        stages=_list_stages(runs),
        figures=figures,
        score_columns=["score", *columns, "protocol"],
        scores=_list_scores(runs),
        cautions=_list_cautions(runs),
        matrices=_list_confusion_matrices(runs),
        reliability=_plot_reliability_curves(runs),
    )


def _list_names(each: Iterable[Mapping[Any, Any]]) -> list[Any]:
    """The keys of all mappings, in the order of their first appearance."""
    return list(dict.fromkeys(name for mapping in each for name in mapping))


def _list_cards(runs: Sequence[RunFolder]) -> list[dict[str, str]]:
    """The headline and other first scores of one run; the headline score of several."""
    firsts = [find_headline_score(run) for run in runs]
    if len(runs) > 1:
        named = zip(runs, firsts, strict=True)
        return [_make_card(run.label, run.scores[name]) for run, name in named if name]
    stage = firsts[0].rpartition("/")[0]  # of the stage that the headline is of, then its peers
    own = [name for name in runs[0].scores if name.rpartition("/")[0] == stage]
    names = sorted(dict.fromkeys((*own, *runs[0].scores)), key=lambda name: name != firsts[0])
    cards = [(name_score(name), runs[0].scores[name]) for name in names[:MAX_CARDS]]
    return [_make_card(title, score) for title, score in cards]


def _make_card(title: str, score: ScoreRecord) -> dict[str, str]:
    number, space, unit = score.format_value().partition(NARROW_SPACE)
    below = ", ".join(filter(None, (score.format_spread(), f"{score.n:,} rows")))
    return {"title": title, "number": number, "unit": space + unit, "below": below}


def _list_stages(runs: Sequence[RunFolder]) -> list[dict[str, Any]]:
    """Each stage with its plots: one for each term and monitored score, the runs overlaid.

    Scores come first, then terms, then facts about gradients.
    """
    names: list[CurveName] = _list_names(run.curves for run in runs)
    stages = dict.fromkeys(name.stage for name in names)
    names.sort(key=lambda n: (n.name.startswith("gradient/"), n.kind == "terms"))
    plots: dict[str, list[Any]] = {stage: [] for stage in stages}
    for name in names:
        plots[name.stage].append((name.name, explain_term(name.name), _plot_curve(runs, name)))
    return [
        {"name": name_stage(s), "collapse": describe_collapse(runs, s), "plots": plots[s]}
        for s in stages
    ]


def _plot_curve(runs: Sequence[RunFolder], name: CurveName) -> str | None:
    """The plot of a curve in all runs that have it; None where no value is finite."""
    found = {i: run.curves.get(name) for i, run in enumerate(runs)}
    curves = {i: curve for i, curve in found.items() if curve and curve.values}
    if not curves:
        return None
    return figures.plot_curves(curves, with_markers=name.kind == "scores", name=name.name)


def _list_scores(runs: Sequence[RunFolder]) -> list[dict[str, Any]]:
    """The rows of the table of scores; scores of different protocols cannot be compared."""
    rows = []
    for name in _list_names(run.scores for run in runs):
        measured = [(run.label, run.scores[name]) for run in runs if name in run.scores]
        if len(runs) == 1:
            score = runs[0].scores[name]
            cells = [score.format_value(), score.format_spread(), f"{score.n:,} rows"]
        else:
            found = [run.scores.get(name) for run in runs]
            cells = [str(score) if score else "\u2013" for score in found]
        alike = len({score.protocol for _, score in measured}) == 1
        rows.append(
            {
                "name": name,
                "title": name_score(name),
                "cells": cells,
                "is_comparable": alike,
                "measured": measured,
            }
        )
    return rows


def _list_cautions(runs: Sequence[RunFolder]) -> list[str]:
    """A sentence for each run with scores of few rows."""
    found = []
    for run in runs:
        sentence = describe_few_rows({name: score.n for name, score in run.scores.items()})
        if sentence:
            found.append(f"{run.label}: {sentence}" if len(runs) > 1 else sentence)
    return found


def _list_confusion_matrices(runs: Sequence[RunFolder]) -> list[dict[str, Any]]:
    """Confusion matrices: a table where there are few classes, else the commonest confusions."""
    found = []
    for i, name, detail in _find_details(runs, "confusion"):
        counts, classes = _parse_confusion_matrix(detail, f"The confusion matrix of {name!r}")
        title = name_score(name)
        heading = title if len(runs) == 1 else f"{runs[i].label}: {title}"
        matrix: dict[str, Any] = {"heading": heading, "classes": classes, "rows": None}
        if len(classes) <= MAX_TABLE_CLASSES:
            shaded = [[_shade_count(n, sum(row)) for n in row] for row in counts]
            matrix["rows"] = list(zip(classes, shaded, strict=True))
        else:
            matrix["commonest"] = _list_commonest_confusions(counts, classes)
        found.append(matrix)
    return found


def _find_details(runs: Sequence[RunFolder], key: str) -> list[tuple[int, str, dict[str, Any]]]:
    """The run's number, name and details of the scores whose details have a key."""
    scores = [(i, name, score) for i, run in enumerate(runs) for name, score in run.scores.items()]
    return [(i, name, score.detail) for i, name, score in scores if key in score.detail]


def _parse_confusion_matrix(detail: dict[str, Any], what: str) -> tuple[list[list[int]], list[str]]:
    """Counts (k, k) and the names of k classes; errors begin with `what`."""
    try:
        rows = [[int(n) for n in row] for row in detail["confusion"]]
        names = [str(c) for c in detail.get("classes") or range(len(rows))]
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} is malformed; expected counts.") from error
    if any(len(each) != len(names) for each in (rows, *rows)):
        raise InputError(f"{what} is not square in its {len(names)} classes.")
    return rows, names


def _shade_count(count: int, row_total: int) -> tuple[int, str, str]:
    """A count, the CSS class of its cell, and how dark the cell is (0 to 1)."""
    share = count / row_total if row_total else 0.0
    kind = "none" if count == 0 else "deep" if share > 0.5 else "pale"
    # A single mistake among many is still visible
    return count, kind, f"{share and max(share, 0.06):.3f}"


def _list_commonest_confusions(counts: list[list[int]], classes: list[str]) -> list[str]:
    """The most frequent confusions, in words."""
    pairs = permutations(range(len(classes)), 2)
    wrong = [(counts[i][j], classes[i], classes[j]) for i, j in pairs if counts[i][j] > 0]
    wrong.sort(key=lambda entry: -entry[0])
    return [f"{n:,} of {a} taken for {b}" for n, a, b in wrong[:MAX_LISTED_CONFUSIONS]]


def _plot_reliability_curves(runs: Sequence[RunFolder]) -> list[tuple[str, str]]:
    """Plots of reliability by score, the runs overlaid."""
    curves: dict[str, dict[int, Any]] = {}
    for i, name, detail in _find_details(runs, "reliability"):
        curves.setdefault(name, {})[i] = detail["reliability"]
    try:
        return [(name_score(n), figures.plot_reliability(each)) for n, each in curves.items()]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            "A reliability curve is malformed; expected confidence, accuracy and rows of each bin."
        ) from error


def _format_json_value(value: Any) -> str:
    """A JSON value as a person would write it."""
    if isinstance(value, dict):
        return ", ".join(f"{k} {_format_json_value(v)}" for k, v in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(_format_json_value(v) for v in value) or "none"
    if value is None or value == "":
        return "not known"
    return value if isinstance(value, str) else json.dumps(value)
