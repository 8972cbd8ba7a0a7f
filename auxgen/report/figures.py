"""Plots as SVG inside the page: colours are the page's own, so that they follow dark mode.

Matplotlib draws lines, ticks and fixed words only; a person's names stand in the HTML around them,
where no name is read as a formula and none lacks a glyph in the font.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import compute_checksum
from .read import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_POINTS = 400
COLOUR_COUNT = 8
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
# Stand for two colours of the page, which replace them when the SVG is written
INK, RULE = "#010203", "#010204"


def _choose_style(i: int) -> dict[str, Any]:
    """Colour and dashes of the i-th run's line; the colour stands for one of the page."""
    dashes = DASHES[i // COLOUR_COUNT % len(DASHES)]
    return {"color": f"#0101{i % COLOUR_COUNT:02x}", "linestyle": dashes}


def format_line_style(i: int) -> str:
    """CSS of the i-th run's line, for the legend."""
    dash = _choose_style(i)["linestyle"]
    dashes = "none" if isinstance(dash, str) else " ".join(str(2 * d) for d in dash[1])
    return f"stroke: var(--c{i % COLOUR_COUNT}); stroke-width: 3; stroke-dasharray: {dashes}"


def plot_curves(curves_by_run: Mapping[int, Curve], *, with_markers: bool, name: str) -> str:
    """The SVG of values over steps, by the run's number; sparse values are marked with points."""
    figure, axes = _make_canvas(3.3, 2.1)
    limits: list[float] = []
    for i, curve in curves_by_run.items():
        steps, values = thin_curve(curve)
        marker = "o" if len(steps) == 1 or (with_markers and len(steps) <= 60) else ""
        axes.plot(steps, values, linewidth=1.4, marker=marker, markersize=3, **_choose_style(i))
        limits += compute_axis_limits(values)
    bottom, top = min(limits), max(limits)
    margin = 0.06 * (top - bottom) or max(abs(top), 1e-12) * 0.1
    axes.set(ylim=(bottom - margin, top + margin), xlabel="step")
    return _render_svg(figure, f"Plot of {name} over steps")


def thin_curve(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """At most MAX_POINTS points, each the mean of its neighbours."""
    steps, values = np.asarray(curve.steps, float), np.asarray(curve.values, float)
    if len(steps) <= MAX_POINTS:
        return steps, values
    edges = np.linspace(0, len(steps), MAX_POINTS + 1).astype(int)
    parts = [slice(a, b) for a, b in pairwise(edges)]
    return np.array([steps[p].mean() for p in parts]), np.array([values[p].mean() for p in parts])


def compute_axis_limits(values: np.ndarray) -> tuple[float, float]:
    """The ends of an axis: all values are inside, unless a few far ones would flatten the rest."""
    low, high = np.quantile(values, [0.03, 0.97])
    least, most, span = values.min(), values.max(), high - low
    bottom = low - 0.5 * span if span > 0 and least < low - 2 * span else least
    top = high + 0.5 * span if span > 0 and most > high + 2 * span else most
    return float(bottom), float(top)


def plot_reliability(curves_by_run: Mapping[int, Mapping[str, Sequence[float]]]) -> str:
    """The SVG of accuracy against confidence, by the run's number; larger points have more rows."""
    figure, axes = _make_canvas(3.6, 3.4)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.5)
    for i, curve in curves_by_run.items():
        colour, rows = _choose_style(i)["color"], np.asarray(curve["rows"], float)
        kept = rows > 0
        x, y = np.asarray(curve["confidence"])[kept], np.asarray(curve["accuracy"])[kept]
        sizes = 8 + 120 * (rows[kept] / rows.sum())
        axes.plot(x, y, color=colour, linewidth=1.2)
        axes.scatter(x, y, s=sizes, color=colour, linewidths=0, zorder=3)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="confidence", ylabel="accuracy")
    return _render_svg(figure, "Reliability: accuracy against confidence; the diagonal is perfect")


def _make_canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty plot with quiet axes; width and height in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)
    axes.tick_params(colors=RULE, labelcolor=INK, labelsize=8, length=3)
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.locator_params(nbins=5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=INK, size=8)
        axis.offsetText.set(color=INK, size=8)
    return figure, axes


def _render_svg(figure: Figure, label: str) -> str:
    """The figure as an SVG element; the label is for those who do not see it."""
    from matplotlib import rc_context

    buffer = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    drawn = buffer.getvalue()
    box = re.search(r'viewBox="[^"]*"', drawn)
    svg = drawn[drawn.index(">", drawn.index("<svg")) + 1 :].replace("xlink:href", "href")
    for i in range(COLOUR_COUNT):
        svg = svg.replace(_choose_style(i)["color"], f"var(--c{i})")
    svg = svg.replace(INK, "currentColor").replace(RULE, "var(--rule)")
    # No other plot of the page may have the same ids
    mark = f"f{compute_checksum(drawn.encode())[:8]}-"
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{mark}", svg)
    return f'<svg {box.group() if box else ""} role="img" aria-label="{escape(label)}">{svg}'
