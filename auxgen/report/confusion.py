"""Confusion matrices: a table where there are few classes, the commonest confusions elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .html import Html, join_html, render_element
from .read import RunFolder

MAX_TABLE_CLASSES = 20
MAX_LISTED_CONFUSIONS = 10


def render_confusion_matrices(runs: Sequence[RunFolder]) -> Html:
    """The confusion matrices of all runs."""
    parts = []
    for run in runs:
        for name, score in run.scores.items():
            if "confusion" not in score.detail:
                continue
            heading = name if len(runs) == 1 else f"{run.label}: {name}"
            counts, classes = _parse_confusion_matrix(score.detail, name)
            shown = (
                _render_confusion_matrix(counts, classes)
                if len(classes) <= MAX_TABLE_CLASSES
                else _list_commonest_confusions(counts, classes)
            )
            parts.append(render_element("div", render_element("h3", heading), shown))
    note = "Rows are true classes, columns predicted ones; shade is the share of the true class."
    said = render_element("p", note, class_="note")
    return (
        join_html([render_element("div", *parts, class_="matrices"), said]) if parts else Html("")
    )


def _parse_confusion_matrix(detail: Any, name: str) -> tuple[list[list[int]], list[str]]:
    """Counts (k, k) and the names of k classes."""
    counts, classes = detail["confusion"], detail.get("classes") or []
    try:
        rows = [[int(n) for n in row] for row in counts]
        names = [str(c) for c in classes] or [str(c) for c in range(len(rows))]
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The confusion matrix of {name!r} is malformed; wanted are counts."
        ) from error
    if any(len(row) != len(names) for row in rows) or len(rows) != len(names):
        raise InputError(
            f"The confusion matrix of {name!r} is not square in its {len(names)} classes."
        )
    return rows, names


def _render_confusion_matrix(counts: list[list[int]], classes: list[str]) -> Html:
    """Rows are true classes, columns predicted ones; shaded by the share of the true class."""
    header = render_element(
        "tr",
        render_element("td", class_="corner"),
        *(_render_header_cell(c, "col") for c in classes),
    )
    body = (
        render_element(
            "tr", _render_header_cell(c, "row"), *(_render_count_cell(n, sum(row)) for n in row)
        )
        for c, row in zip(classes, counts, strict=True)
    )
    inside = render_element("thead", header), render_element("tbody", *body)
    return render_element(
        "div", render_element("table", *inside, class_="confusion"), class_="scroll"
    )


def _render_header_cell(name: str, scope: str) -> Html:
    return render_element("th", name, scope=scope)


def _render_count_cell(count: int, row_total: int) -> Html:
    share = count / row_total if row_total else 0.0
    class_ = "none" if count == 0 else "deep" if share > 0.5 else "pale"
    # A single mistake among many still shows
    return render_element(
        "td", str(count), style=f"--v: {share and max(share, 0.06):.3f}", class_=class_
    )


def _list_commonest_confusions(counts: list[list[int]], classes: list[str]) -> Html:
    """The most frequent confusions, in words."""
    wrong = [
        (n, classes[i], classes[j])
        for i, row in enumerate(counts)
        for j, n in enumerate(row)
        if i != j and n > 0
    ]
    wrong.sort(key=lambda entry: -entry[0])
    items = (
        render_element("li", f"{n:,} of {a} taken for {b}")
        for n, a, b in wrong[:MAX_LISTED_CONFUSIONS]
    )
    said = f"{len(classes)} classes; the commonest confusions:"
    return join_html([render_element("p", said, class_="note"), render_element("ol", *items)])
