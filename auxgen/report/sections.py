"""What the report says, section by section."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from . import collapse, figures
from .confusion import confusions
from .html import Html, document, element, figure, image, joined, section, table
from .numbers import spread, value_with_unit
from .read import CurveName, Measured, RunFolder
from .summary import headline, key_metric, sentence, title

CARDS = 6
LONG = 240


def page(runs: Sequence[RunFolder]) -> Html:
    """The report of one run, or of several compared."""
    top = element("header", element("h1", title(runs)), element("p", sentence(runs), class_="lead"))
    return document(
        title(runs),
        top,
        missing(runs),
        section(key_title(runs), cards(runs)),
        section("Curves", curves(runs)),
        section("Scores", scores(runs)),
        section("Confusion matrix", confusions(runs)),
        section("Reliability", reliability(runs)),
        section("Pictures", pictures(runs)),
        section("Run card" if len(runs) == 1 else "Run cards", run_cards(runs)),
        element("footer", "Made by auxgen report. This page needs nothing but itself."),
    )


def missing(runs: Sequence[RunFolder]) -> Html:
    """What is not there, and of which run."""
    of = (lambda run: f"{run.label}: ") if len(runs) > 1 else (lambda run: "")
    return joined(
        element("p", of(run) + said, class_="missing") for run in runs for said in run.missing
    )


def key_title(runs: Sequence[RunFolder]) -> str:
    """Several runs are compared by one score, which the title names."""
    return "Key numbers" if len(runs) == 1 else f"Key number: {key_metric(runs)}"


def cards(runs: Sequence[RunFolder]) -> Html:
    """The headline and other first scores of one run; the headline score of several."""
    if len(runs) == 1:
        first = headline(runs[0])
        names = sorted(runs[0].scores, key=lambda name: name != first)
        chosen = [(name, runs[0].scores[name]) for name in names[:CARDS]]
    else:
        chosen = [(run.label, run.scores[headline(run)]) for run in runs if headline(run)]
    each = (card(name, score) for name, score in chosen)
    return element("dl", *each, class_="cards") if chosen else Html("")


def card(name: str, score: Measured) -> Html:
    number, _, unit = value_with_unit(score).partition("\u202f")
    rows = f"{score.n:,} rows"
    under = f"{spread(score)}, {rows}" if score.spread is not None else rows
    value = element("dd", number, element("small", f"\u202f{unit}" if unit else ""))
    return element("div", element("dt", name), value, element("dd", under))


def curves(runs: Sequence[RunFolder]) -> Html:
    """One plot for each term and monitored score of each stage, the runs overlaid."""
    names = list(dict.fromkeys(name for run in runs for name in run.curves))
    stages = list(dict.fromkeys(name.stage for name in names))
    if not names:
        return Html("")
    note = (
        f"Of more than {figures.POINTS} logged steps, each point is the mean of its neighbours; "
        "an axis leaves out a few far values, such as those of the first steps."
    )
    parts = [figures.legend([run.label for run in runs])]
    for stage in stages:
        of_stage = sorted((n for n in names if n.stage == stage), key=order)
        plots = joined(curve(runs, name) for name in of_stage)
        parts += [element("h3", f"Stage {stage}"), collapse.told(runs, stage)]
        parts += [element("div", plots, class_="plots")]
    return joined([*parts, element("p", note, class_="note")])


def order(name: CurveName) -> tuple[bool, bool]:
    """Scores first, then terms, then what is said of gradients."""
    return name.name.startswith("gradient/"), name.kind == "terms"


def curve(runs: Sequence[RunFolder], name: CurveName) -> Html:
    each = {i: run.curves[name] for i, run in enumerate(runs) if name in run.curves}
    drawn = {i: one for i, one in each.items() if one.values}
    if not drawn:
        return figure(element("p", "No finite value was logged.", class_="note"), name.name)
    plot = figures.curves(drawn, marked=name.kind == "scores", name=name.name)
    return figure(plot, name.name)


def scores(runs: Sequence[RunFolder]) -> Html:
    """All scores with their protocols; runs side by side."""
    names = list(dict.fromkeys(name for run in runs for name in run.scores))
    if not names:
        return Html("")
    if len(runs) == 1:
        rows = [score_row(name, runs[0].scores[name]) for name in names]
        return table(("score", "value", "spread", "rows", "protocol"), rows, "scores alone")
    header = ("score", *(run.label for run in runs), "protocol")
    return table(header, [compared(name, runs) for name in names], "scores")


def score_row(name: str, score: Measured) -> list[str]:
    value = value_with_unit(score)
    return [name, value, spread(score), f"{score.n:,} rows", measured(score)]


def compared(name: str, runs: Sequence[RunFolder]) -> list[str]:
    """One score of every run; says where their protocols differ, for then they do not compare."""
    found = {run.label: run.scores[name] for run in runs if name in run.scores}
    protocols = list(dict.fromkeys(score.protocol for score in found.values()))
    cells = [f"{value_with_unit(s)} {spread(s)}".strip() for s in found.values()]
    by_label = dict(zip(found, cells, strict=True))
    said = measured(next(iter(found.values())))
    if len(protocols) > 1:
        each = (element("div", f"{label}: ", measured(s)) for label, s in found.items())
        said = joined([element("div", "Measured differently:", class_="warn"), *each])
    return [name, *(by_label.get(run.label, "\u2013") for run in runs), said]


def measured(score: Measured) -> Html:
    """How a score was measured, what its spread is, and its caution, marked."""
    said = score.protocol + (f"; spread is the {score.spread_is}" if score.spread_is else "")
    warned = element("span", f"Caution: {score.caution}", class_="warn") if score.caution else ""
    return joined([said, ". " if warned else "", warned])


def reliability(runs: Sequence[RunFolder]) -> Html:
    """Reliability curves by score, the runs overlaid."""
    by_name: dict[str, dict[int, Any]] = {}
    for i, run in enumerate(runs):
        for name, score in run.scores.items():
            if "reliability" in score.detail:
                by_name.setdefault(name, {})[i] = score.detail["reliability"]
    if not by_name:
        return Html("")
    try:
        plots = [figure(figures.reliability(each), name) for name, each in by_name.items()]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        wanted = "wanted are confidence, accuracy and rows of each bin"
        raise InputError(f"A reliability curve is malformed; {wanted}.") from error
    note = (
        "On the diagonal, confidence is as high as it should be; larger points stand for more rows."
    )
    shown = element("div", *plots, class_="plots")
    names = figures.legend([run.label for run in runs])
    return joined([names, shown, element("p", note, class_="note")])


def pictures(runs: Sequence[RunFolder]) -> Html:
    """Every picture of every run, captioned by its file name."""
    parts = []
    for run in runs:
        shown = (figure(image(png, alt=name), name) for name, png in run.pictures.items())
        if run.pictures:
            parts += [element("h3", run.label)] if len(runs) > 1 else []
            parts += [element("div", *shown, class_="pictures")]
    return joined(parts)


def run_cards(runs: Sequence[RunFolder]) -> Html:
    """All that run.json says: enough to do it again."""
    parts = []
    for run in runs:
        parts += [element("h3", run.label)] if len(runs) > 1 else []
        facts = (fact(str(name), value) for name, value in run.facts.items())
        parts += [element("dl", *facts, class_="facts")] if run.facts else []
    return joined(parts)


def fact(name: str, value: Any) -> Html:
    """One line of a run card; what is long is folded."""
    said = in_words(value)
    if len(said) > LONG:
        said = element("details", element("summary", f"{said[:60]} ..."), element("code", said))
    return joined([element("dt", name), element("dd", said)])


def in_words(value: Any) -> str:
    """A JSON value as a person would write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {in_words(v)}" for k, v in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(in_words(v) for v in value) or "none"
    if value is None or value == "":
        return "not known"
    return value if isinstance(value, str) else json.dumps(value)
