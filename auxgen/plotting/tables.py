"""Pictures of a reproduced table: its seeds and their means, and curves of training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from ..files import write_file
from .grids import PALETTE


def plot_table(table: Mapping[str, Any], file: Path) -> None:
    """Plot the first column: dots for the seeds, with their mean, and curves below it, if any."""
    from matplotlib.figure import Figure

    rows = table["rows"]
    column = next(iter(rows[0]["columns"]))
    what = ", ".join(filter(None, (column, rows[0]["columns"][column]["unit"])))
    drawn = [row for row in rows if column in row["curves"]]
    heights = [1.2 + 0.45 * len(rows), *([2.8] if drawn else [])]
    size = 6.5, sum(heights) + 0.25 * len(drawn)
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    panels = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _plot_seeds(panels[0], rows, column, f"{what}\ndots are seeds, bars their mean")
    if drawn:
        _plot_seed_curves(panels[1], drawn, column, f"{what}, while training")
        figure.legend(frameon=False, loc="outside lower center", ncols=1)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    write_file(file, lambda out: figure.savefig(out, format="png"))


def _plot_seeds(axes: Any, rows: Sequence[Mapping[str, Any]], column: str, label: str) -> None:
    for place, row in enumerate(reversed(rows)):
        cell = row["columns"][column]
        axes.plot(cell["values"], [place] * len(cell["values"]), "o", color=PALETTE[5], alpha=0.7)
        axes.plot(cell["mean"], place, "|", color=PALETTE[0], markersize=18, markeredgewidth=2.5)
    axes.set_yticks(range(len(rows)), [fill(row["name"], 30) for row in reversed(rows)])
    axes.set(ylim=(-0.6, len(rows) - 0.4), xlabel=label)
    axes.locator_params(axis="x", nbins=6)
    if all(value >= 0 for row in rows for value in row["columns"][column]["values"]):
        axes.set_xlim(0, 1.08 * axes.get_xlim()[1])


def _plot_seed_curves(
    axes: Any, rows: Sequence[Mapping[str, Any]], column: str, label: str
) -> None:
    for place, row in enumerate(rows):
        for seed, curve in enumerate(row["curves"][column]):
            name = row["name"] if seed == 0 else None
            steps, values = zip(*curve, strict=True)
            axes.plot(steps, values, color=PALETTE[place], alpha=0.8, label=name)
    axes.set(xlabel="rounds of training; one line for each seed", ylabel=label)
    axes.set_ylim(bottom=0)
