"""Plots as SVG inside the page: colours are the page's own, so that they follow dark mode.

Matplotlib draws lines, ticks and fixed words only; a person's names stand in the HTML around them,
where no name can be taken for a formula or for a glyph that the font lacks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .html import Html, escape_text, render_element
from .read import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_POINTS = 400
COLOUR_COUNT = 8
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
# Colours that stand for the page's, put in their place when the SVG is written
INK, RULE = "#010203", "#010204"


def _format_series_colour(i: int) -> str:
    return f"#0101{i % COLOUR_COUNT:02x}"


def render_legend(names: Sequence[str]) -> Html:
    """The line of each run, by name; nothing for one run alone."""
    if len(names) < 2:
        return Html("")
    return render_element(
        "ul",
        *(render_element("li", _render_line_sample(i), name) for i, name in enumerate(names)),
        class_="legend",
    )


def _render_line_sample(i: int) -> Html:
    """A short stroke as the i-th run is drawn."""
    dash = DASHES[i // COLOUR_COUNT % len(DASHES)]
    given = "" if isinstance(dash, str) else " ".join(str(2 * d) for d in dash[1])
    style = (
        f"stroke: var(--c{i % COLOUR_COUNT}); stroke-width: 3; stroke-dasharray: {given or 'none'}"
    )
    stroke = render_element("path", d="M0 5H24", style=style)
    return render_element("svg", stroke, viewBox="0 0 24 10", aria_hidden="true")


def plot_curves(curves_by_run: Mapping[int, Curve], *, with_markers: bool, name: str) -> Html:
    """Values over steps of several runs, by the run's number; marked with points where sparse."""
    figure, axes = _make_canvas(3.3, 2.1)
    top, bottom = [], []
    for i, curve in curves_by_run.items():
        steps, values = thin_curve(curve)
        few = with_markers and len(steps) <= 60
        dash = DASHES[i // COLOUR_COUNT % len(DASHES)]
        style: dict[str, Any] = {"linestyle": dash, "marker": "o" if few or len(steps) == 1 else ""}
        axes.plot(
            steps, values, color=_format_series_colour(i), linewidth=1.4, markersize=3, **style
        )
        low, high = compute_axis_limits(values)
        bottom.append(low)
        top.append(high)
    margin = 0.06 * (max(top) - min(bottom)) or max(abs(max(top)), 1e-12) * 0.1
    axes.set_ylim(min(bottom) - margin, max(top) + margin)
    axes.set_xlabel("step")
    return _render_svg(figure, f"Plot of {name} over steps")


def thin_curve(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """At most POINTS points, each the mean of its neighbours."""
    steps, values = np.asarray(curve.steps, float), np.asarray(curve.values, float)
    if len(steps) <= MAX_POINTS:
        return steps, values
    edges = np.linspace(0, len(steps), MAX_POINTS + 1).astype(int)
    parts = [slice(a, b) for a, b in pairwise(edges)]
    return np.array([steps[p].mean() for p in parts]), np.array([values[p].mean() for p in parts])


def compute_axis_limits(values: np.ndarray) -> tuple[float, float]:
    """What the axis shows: all, unless a few far values would flatten the rest."""
    low, high = np.quantile(values, [0.03, 0.97])
    span = high - low
    least, most = values.min(), values.max()
    far_below, far_above = least < low - 2 * span, most > high + 2 * span
    bottom = low - 0.5 * span if far_below and span > 0 else least
    top = high + 0.5 * span if far_above and span > 0 else most
    return float(bottom), float(top)


def plot_reliability(curves_by_run: Mapping[int, Mapping[str, Sequence[float]]]) -> Html:
    """Accuracy against confidence of several runs; the area of a point grows with its rows."""
    figure, axes = _make_canvas(3.6, 3.4)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.5)
    for i, curve in curves_by_run.items():
        rows = np.asarray(curve["rows"], float)
        kept = rows > 0
        x, y = np.asarray(curve["confidence"])[kept], np.asarray(curve["accuracy"])[kept]
        share = rows[kept] / rows.sum()
        axes.plot(x, y, color=_format_series_colour(i), linewidth=1.2)
        axes.scatter(
            x, y, s=8 + 120 * share, color=_format_series_colour(i), linewidths=0, zorder=3
        )
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="confidence", ylabel="accuracy")
    return _render_svg(figure, "Reliability: accuracy against confidence; the diagonal is perfect")


def _make_canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty plot of so many inches, with quiet axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)
    axes.tick_params(colors=RULE, labelcolor=INK, labelsize=8, length=3)
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.locator_params(nbins=5)
    axes.xaxis.label.set(color=INK, size=8)
    axes.yaxis.label.set(color=INK, size=8)
    axes.yaxis.offsetText.set(color=INK, size=8)
    axes.xaxis.offsetText.set(color=INK, size=8)
    return figure, axes


def _render_svg(figure: Figure, label: str) -> Html:
    """The figure as an SVG element of the page."""
    from matplotlib import rc_context

    buffer = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    drawn = buffer.getvalue()
    box = re.search(r'viewBox="[^"]*"', drawn)
    inside = drawn[drawn.index(">", drawn.index("<svg")) + 1 :].replace("xlink:href", "href")
    start = f'<svg {box.group() if box else ""} role="img" aria-label="{escape_text(label)}">'
    return Html(start + _make_ids_unique(_replace_colours(inside), drawn))


def _replace_colours(svg: str) -> str:
    for i in range(COLOUR_COUNT):
        svg = svg.replace(_format_series_colour(i), f"var(--c{i})")
    return svg.replace(INK, "currentColor").replace(RULE, "var(--rule)")


def _make_ids_unique(svg: str, drawn: str) -> str:
    """Ids unlike those of the page's other plots."""
    from hashlib import sha256

    mark = "f" + sha256(drawn.encode()).hexdigest()[:8] + "-"
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{mark}", svg)
