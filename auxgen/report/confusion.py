"""Confusion matrices: a table where there are few classes, the commonest confusions elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .html import Html, element, joined
from .read import RunFolder

FEW = 20
COMMONEST = 10


def confusions(runs: Sequence[RunFolder]) -> Html:
    """The confusion matrices of all runs."""
    parts = []
    for run in runs:
        for name, score in run.scores.items():
            if "confusion" not in score.detail:
                continue
            heading = name if len(runs) == 1 else f"{run.label}: {name}"
            counts, classes = checked(score.detail, name)
            shown = matrix(counts, classes) if len(classes) <= FEW else commonest(counts, classes)
            parts.append(element("div", element("h3", heading), shown))
    note = "Rows are true classes, columns predicted ones; shade is the share of the true class."
    said = element("p", note, class_="note")
    return joined([element("div", *parts, class_="matrices"), said]) if parts else Html("")


def checked(detail: Any, name: str) -> tuple[list[list[int]], list[str]]:
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


def matrix(counts: list[list[int]], classes: list[str]) -> Html:
    """Rows are true classes, columns predicted ones; shaded by the share of the true class."""
    header = element("tr", element("td", class_="corner"), *(head(c, "col") for c in classes))
    body = (
        element("tr", head(c, "row"), *(cell(n, sum(row)) for n in row))
        for c, row in zip(classes, counts, strict=True)
    )
    inside = element("thead", header), element("tbody", *body)
    return element("div", element("table", *inside, class_="confusion"), class_="scroll")


def head(name: str, scope: str) -> Html:
    return element("th", name, scope=scope)


def cell(n: int, of: int) -> Html:
    share = n / of if of else 0.0
    class_ = "none" if n == 0 else "deep" if share > 0.5 else "pale"
    # A single mistake among many still shows
    return element("td", str(n), style=f"--v: {share and max(share, 0.06):.3f}", class_=class_)


def commonest(counts: list[list[int]], classes: list[str]) -> Html:
    """The most frequent confusions, in words."""
    wrong = [
        (n, classes[i], classes[j])
        for i, row in enumerate(counts)
        for j, n in enumerate(row)
        if i != j and n > 0
    ]
    wrong.sort(key=lambda entry: -entry[0])
    items = (element("li", f"{n:,} of {a} taken for {b}") for n, a, b in wrong[:COMMONEST])
    said = f"{len(classes)} classes; the commonest confusions:"
    return joined([element("p", said, class_="note"), element("ol", *items)])
