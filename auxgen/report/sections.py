"""What the report says, section by section."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from . import collapse, figures
from .confusion import render_confusion_matrices
from .html import (
    Html,
    join_html,
    render_document,
    render_element,
    render_html_figure,
    render_html_image,
    render_html_table,
    render_section,
)
from .numbers import format_spread, format_value_with_unit
from .read import CurveName, RunFolder, ScoreRecord
from .summary import describe_result, find_headline_score, format_title, get_key_metric

MAX_CARDS = 6
MAX_FACT_LENGTH = 240


def render_page(runs: Sequence[RunFolder]) -> Html:
    """The report of one run, or of several compared."""
    top = render_element(
        "header",
        render_element("h1", format_title(runs)),
        render_element("p", describe_result(runs), class_="lead"),
    )
    return render_document(
        format_title(runs),
        top,
        _render_missing(runs),
        render_section(_format_key_title(runs), _render_cards(runs)),
        render_section("Curves", _render_curves(runs)),
        render_section("Scores", _render_scores(runs)),
        render_section("Confusion matrix", render_confusion_matrices(runs)),
        render_section("Reliability", _render_reliability(runs)),
        render_section("Pictures", _render_pictures(runs)),
        render_section("Run card" if len(runs) == 1 else "Run cards", _render_run_cards(runs)),
        render_element("footer", "Made by auxgen report. This page needs nothing but itself."),
    )


def _render_missing(runs: Sequence[RunFolder]) -> Html:
    """What is not there, and of which run."""
    of = (lambda run: f"{run.label}: ") if len(runs) > 1 else (lambda run: "")
    return join_html(
        render_element("p", of(run) + said, class_="missing")
        for run in runs
        for said in run.missing
    )


def _format_key_title(runs: Sequence[RunFolder]) -> str:
    """Several runs are compared by one score, which the title names."""
    return "Key numbers" if len(runs) == 1 else f"Key number: {get_key_metric(runs)}"


def _render_cards(runs: Sequence[RunFolder]) -> Html:
    """The headline and other first scores of one run; the headline score of several."""
    if len(runs) == 1:
        first = find_headline_score(runs[0])
        names = sorted(runs[0].scores, key=lambda name: name != first)
        chosen = [(name, runs[0].scores[name]) for name in names[:MAX_CARDS]]
    else:
        chosen = [
            (run.label, run.scores[find_headline_score(run)])
            for run in runs
            if find_headline_score(run)
        ]
    each = (_render_card(name, score) for name, score in chosen)
    return render_element("dl", *each, class_="cards") if chosen else Html("")


def _render_card(name: str, score: ScoreRecord) -> Html:
    number, _, unit = format_value_with_unit(score).partition("\u202f")
    rows = f"{score.n:,} rows"
    under = f"{format_spread(score)}, {rows}" if score.spread is not None else rows
    value = render_element("dd", number, render_element("small", f"\u202f{unit}" if unit else ""))
    return render_element("div", render_element("dt", name), value, render_element("dd", under))


def _render_curves(runs: Sequence[RunFolder]) -> Html:
    """One plot for each term and monitored score of each stage, the runs overlaid."""
    names = list(dict.fromkeys(name for run in runs for name in run.curves))
    stages = list(dict.fromkeys(name.stage for name in names))
    if not names:
        return Html("")
    note = (
        f"Of more than {figures.MAX_POINTS} logged steps, each point is the mean of its neighbours; "
        "an axis leaves out a few far values, such as those of the first steps."
    )
    parts = [figures.render_legend([run.label for run in runs])]
    for stage in stages:
        of_stage = sorted((n for n in names if n.stage == stage), key=_rank_curve)
        plots = join_html(_render_curve(runs, name) for name in of_stage)
        parts += [render_element("h3", f"Stage {stage}"), collapse.describe_collapse(runs, stage)]
        parts += [render_element("div", plots, class_="plots")]
    return join_html([*parts, render_element("p", note, class_="note")])


def _rank_curve(name: CurveName) -> tuple[bool, bool]:
    """Scores first, then terms, then what is said of gradients."""
    return name.name.startswith("gradient/"), name.kind == "terms"


def _render_curve(runs: Sequence[RunFolder], name: CurveName) -> Html:
    each = {i: run.curves[name] for i, run in enumerate(runs) if name in run.curves}
    drawn = {i: one for i, one in each.items() if one.values}
    if not drawn:
        return render_html_figure(
            render_element("p", "No finite value was logged.", class_="note"), name.name
        )
    plot = figures.plot_curves(drawn, with_markers=name.kind == "scores", name=name.name)
    return render_html_figure(plot, name.name)


def _render_scores(runs: Sequence[RunFolder]) -> Html:
    """All scores with their protocols; runs side by side."""
    names = list(dict.fromkeys(name for run in runs for name in run.scores))
    if not names:
        return Html("")
    if len(runs) == 1:
        rows = [_format_score_row(name, runs[0].scores[name]) for name in names]
        return render_html_table(
            ("score", "value", "spread", "rows", "protocol"), rows, "scores alone"
        )
    header = ("score", *(run.label for run in runs), "protocol")
    return render_html_table(header, [_compare_score(name, runs) for name in names], "scores")


def _format_score_row(name: str, score: ScoreRecord) -> list[str]:
    value = format_value_with_unit(score)
    return [name, value, format_spread(score), f"{score.n:,} rows", _render_protocol(score)]


def _compare_score(name: str, runs: Sequence[RunFolder]) -> list[str]:
    """One score of every run; says where their protocols differ, for then they do not compare."""
    found = {run.label: run.scores[name] for run in runs if name in run.scores}
    protocols = list(dict.fromkeys(score.protocol for score in found.values()))
    cells = [f"{format_value_with_unit(s)} {format_spread(s)}".strip() for s in found.values()]
    by_label = dict(zip(found, cells, strict=True))
    said = _render_protocol(next(iter(found.values())))
    if len(protocols) > 1:
        each = (
            render_element("div", f"{label}: ", _render_protocol(s)) for label, s in found.items()
        )
        said = join_html([render_element("div", "Measured differently:", class_="warn"), *each])
    return [name, *(by_label.get(run.label, "\u2013") for run in runs), said]


def _render_protocol(score: ScoreRecord) -> Html:
    """How a score was measured, what its spread is, and its caution, marked."""
    said = score.protocol + (f"; spread is the {score.spread_is}" if score.spread_is else "")
    warned = (
        render_element("span", f"Caution: {score.caution}", class_="warn") if score.caution else ""
    )
    return join_html([said, ". " if warned else "", warned])


def _render_reliability(runs: Sequence[RunFolder]) -> Html:
    """Reliability curves by score, the runs overlaid."""
    by_name: dict[str, dict[int, Any]] = {}
    for i, run in enumerate(runs):
        for name, score in run.scores.items():
            if "reliability" in score.detail:
                by_name.setdefault(name, {})[i] = score.detail["reliability"]
    if not by_name:
        return Html("")
    try:
        plots = [
            render_html_figure(figures.plot_reliability(each), name)
            for name, each in by_name.items()
        ]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        wanted = "wanted are confidence, accuracy and rows of each bin"
        raise InputError(f"A reliability curve is malformed; {wanted}.") from error
    note = (
        "On the diagonal, confidence is as high as it should be; larger points stand for more rows."
    )
    shown = render_element("div", *plots, class_="plots")
    names = figures.render_legend([run.label for run in runs])
    return join_html([names, shown, render_element("p", note, class_="note")])


def _render_pictures(runs: Sequence[RunFolder]) -> Html:
    """Every picture of every run, captioned by its file name."""
    parts = []
    for run in runs:
        shown = (
            render_html_figure(render_html_image(png, alt=name), name)
            for name, png in run.pictures.items()
        )
        if run.pictures:
            parts += [render_element("h3", run.label)] if len(runs) > 1 else []
            parts += [render_element("div", *shown, class_="pictures")]
    return join_html(parts)


def _render_run_cards(runs: Sequence[RunFolder]) -> Html:
    """All that run.json says: enough to do it again."""
    parts = []
    for run in runs:
        parts += [render_element("h3", run.label)] if len(runs) > 1 else []
        facts = (_render_fact(str(name), value) for name, value in run.facts.items())
        parts += [render_element("dl", *facts, class_="facts")] if run.facts else []
    return join_html(parts)


def _render_fact(name: str, value: Any) -> Html:
    """One line of a run card; what is long is folded."""
    said = _format_json_value(value)
    if len(said) > MAX_FACT_LENGTH:
        said = render_element(
            "details", render_element("summary", f"{said[:60]} ..."), render_element("code", said)
        )
    return join_html([render_element("dt", name), render_element("dd", said)])


def _format_json_value(value: Any) -> str:
    """A JSON value as a person would write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_format_json_value(v)}" for k, v in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(_format_json_value(v) for v in value) or "none"
    if value is None or value == "":
        return "not known"
    return value if isinstance(value, str) else json.dumps(value)
