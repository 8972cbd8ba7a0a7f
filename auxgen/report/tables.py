"""Tables in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from rich.table import Table


def show_scores(runs: Sequence[str], results: Sequence[Mapping[str, Any]], mixed: bool) -> None:
    """One line for each score, one column for each run; runs that differ in their seed alone get
    a column of means, with standard deviations over seeds.

    Raises:
        InputError: Scores of one name have different protocols, and `mixed` is off.
    """
    from rich.console import Console
    from rich.table import Table

    scores = [result["scores"] for result in results]
    names = list(dict.fromkeys(name for each in scores for name in each))
    seeds = _find_seeds(results)
    table = Table("score", *runs, *([f"mean, {len(seeds)} seeds"] if seeds else []))
    notes: dict[str, list[str]] = {}
    for name in names:
        cells = [each.get(name) for each in scores]
        protocols = list(dict.fromkeys(cell["protocol"] for cell in cells if cell))
        if len(protocols) > 1 and not mixed:
            raise InputError(
                f"{name} was measured in different ways ({'; '.join(protocols)}); "
                "--mixed prints them side by side all the same."
            )
        table.add_row(
            name,
            *map(_format_score, cells),
            *([_format_score(_average_scores(cells))] if seeds else []),
        )
        what, _, shared = " | ".join(protocols).partition("; ")
        notes.setdefault(shared, []).append(f"  {name}: {_describe_measurement(cells, what)}")
    console = Console()
    console.print(table)
    for shared, each in notes.items():
        console.print("\n".join([shared or "As follows", *each]), markup=False, highlight=False)


def _find_seeds(results: Sequence[Mapping[str, Any]]) -> set[int]:
    """The seeds of runs that differ in nothing else; empty where they do, or there is one."""
    asked = [result.get("run", {}) for result in results]
    seeds = {run.get("seed") for run in asked}
    same = {
        (run.get("experiment"), repr(sorted({**run.get("options", {}), "seed": 0}.items())))
        for run in asked
    }
    return seeds if len(same) == 1 and len(seeds) == len(results) > 1 else set()


def _average_scores(cells: Sequence[Mapping[str, Any] | None]) -> Mapping[str, Any] | None:
    """The mean over runs that have the score, with their standard deviation.

    None for a single run, and where they were measured in different ways.
    """
    known = [cell for cell in cells if cell]
    if len(known) < 2 or len({cell["protocol"] for cell in known}) > 1:
        return None
    values = [cell["value"] for cell in known]
    return {**known[0], "value": mean(values), "spread": stdev(values)}


def _describe_measurement(cells: Sequence[Mapping[str, Any] | None], protocol: str) -> str:
    """What was measured, what the spread is, and what speaks against a number."""
    spreads = dict.fromkeys(c["spread_is"] for c in cells if c and c.get("spread_is"))
    cautions = dict.fromkeys(c["caution"] for c in cells if c and c.get("caution"))
    said = [protocol, *(f"\N{PLUS-MINUS SIGN} {spread}" for spread in spreads)]
    return "; ".join([*said, *(f"CAUTION: {caution}" for caution in cautions)])


def _format_score(score: Mapping[str, Any] | None) -> str:
    """A score as a person reads it: value, plus-minus its spread, unit."""
    if score is None:
        return ""
    spread = "" if score.get("spread") is None else f" \N{PLUS-MINUS SIGN} {score['spread']:.2g}"
    return f"{score['value']:.4g}{spread} {score['unit']}".strip()


def show_reproduction(table: Mapping[str, Any]) -> None:
    """Ours beside the paper's, mean and standard deviation over seeds.

    One line for each row where the terminal is wide enough, else one for each score.
    """
    from rich.console import Console
    from rich.measure import Measurement

    console = Console()
    shown = _make_wide_table(table)
    unbounded = console.options.update(max_width=sys.maxsize)
    if Measurement.get(console, unbounded, shown).maximum > console.width:
        shown = _make_long_table(table)
    console.print(shown)
    if table["claim"]:
        console.print(table["claim"])


def _make_wide_table(table: Mapping[str, Any]) -> Table:
    """A line for each row of the reproduction, two columns for each score."""
    columns = list(dict.fromkeys(c for row in table["rows"] for c in row["columns"]))
    shown = _make_empty_table(table)
    for column in columns:
        shown.add_column(f"{column}, ours")
        shown.add_column("paper")
    for row in table["rows"]:
        cells = [row["columns"].get(column) for column in columns]
        shown.add_row(row["name"], *(t for cell in cells for t in _format_ours_and_paper(cell)))
    return shown


def _make_long_table(table: Mapping[str, Any]) -> Table:
    """A line for each score of each row."""
    shown = _make_empty_table(table)
    for title in ("score", "ours", "paper"):
        shown.add_column(title)
    for row in table["rows"]:
        names = [row["name"], *[""] * (len(row["columns"]) - 1)]
        for name, (column, cell) in zip(names, row["columns"].items(), strict=True):
            shown.add_row(name, column, *_format_ours_and_paper(cell))
        shown.add_section()
    return shown


def _make_empty_table(table: Mapping[str, Any]) -> Table:
    from rich.table import Table

    count = len(table["seeds"])
    return Table("", title=f"{table['title']}: {count} seed{'s' * (count != 1)}")


def _format_ours_and_paper(cell: Mapping[str, Any] | None) -> tuple[str, str]:
    if cell is None:
        return "", ""
    return _format_score({**cell, "value": cell["mean"], "spread": cell["sd"]}), cell[
        "paper"
    ] or "-"
