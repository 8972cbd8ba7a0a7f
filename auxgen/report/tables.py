"""Tables in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import chain
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..score import INTERVAL_IS, describe_few_rows, get_interval

if TYPE_CHECKING:
    from rich.table import Table


def show_scores(runs: Sequence[str], results: Sequence[Mapping[str, Any]], mixed: bool) -> None:
    """Print a line for each score, and a column for each run.

    Runs that differ in their seed alone get a column of means, with standard deviations.

    Args:
        runs: Names of the runs.
        results: What `evaluate` returned for them.
        mixed: Whether scores of different protocols may stand in one line.

    Raises:
        InputError: Scores of one name have different protocols, and `mixed` is off.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    scores = [result["scores"] for result in results]
    seeds = _find_seeds(results)
    means_of = [f"mean, {len(seeds)} seeds"] if seeds else []
    table = Table("score", *map(escape, [*runs, *means_of]))  # names may look like markup
    notes: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for each in scores for name in each):
        cells = [each.get(name) for each in scores]
        protocols = _list_texts(cells, "protocol")
        if len(protocols) > 1 and not mixed:
            raise InputError(
                f"{name} was measured in different ways ({'; '.join(protocols)}); "
                "--mixed prints them side by side."
            )
        means = [_average_scores(cells)] if seeds else []
        table.add_row(escape(name), *map(_format_score, [*cells, *means]))
        what, _, shared = " | ".join(protocols).partition("; ")
        notes.setdefault(shared, []).append(f"  {name}: {_describe_measurement(cells, what)}")
    console = Console()
    console.print(table)
    for shared, each in notes.items():
        console.print("\n".join([shared or "As follows", *each]), markup=False, highlight=False)
    few = {name: cell["n"] for each in scores for name, cell in each.items()}
    if sentence := describe_few_rows(few):
        console.print(sentence, markup=False, highlight=False)


def _find_seeds(results: Sequence[Mapping[str, Any]]) -> set[int]:
    """The seeds of several runs that differ in nothing else; empty for other runs."""
    configs = [result.get("run", {}) for result in results]
    seeds = {config.get("seed") for config in configs}
    options = [sorted({**config.get("options", {}), "seed": 0}.items()) for config in configs]
    same = {(c.get("experiment"), repr(o)) for c, o in zip(configs, options, strict=True)}
    return seeds if len(same) == 1 and len(seeds) == len(results) > 1 else set()


def _average_scores(cells: Sequence[Mapping[str, Any] | None]) -> Mapping[str, Any] | None:
    """The mean over the runs that have a score, with their standard deviation.

    None for a single run, and for runs that were measured in different ways.
    """
    known = [cell for cell in cells if cell]
    if len(known) < 2 or len(_list_texts(cells, "protocol")) > 1:
        return None
    values = [cell["value"] for cell in known]
    shown = {"value": mean(values), "spread": stdev(values), "spread_is": "", "interval": None}
    return {**known[0], **shown}


def _describe_measurement(cells: Sequence[Mapping[str, Any] | None], protocol: str) -> str:
    """What was measured, what the spread or interval is, and a caution if there is one."""
    with_interval = [cell for cell in cells if cell and get_interval(cell)]
    others = [cell for cell in cells if cell not in with_interval]
    spreads = [f"\N{PLUS-MINUS SIGN} {text}" for text in _list_texts(others, "spread_is") if text]
    spreads += [f"in brackets {INTERVAL_IS}"] * bool(with_interval)
    cautions = [f"CAUTION: {text}" for text in _list_texts(cells, "caution") if text]
    return "; ".join([protocol, *spreads, *cautions])


def _list_texts(cells: Sequence[Mapping[str, Any] | None], key: str) -> list[str]:
    """What the scores of some runs have under a key, each text once."""
    return list(dict.fromkeys(cell[key] for cell in cells if cell and key in cell))


def _format_score(score: Mapping[str, Any] | None) -> str:
    """A score as text: value, its interval or plus-minus its spread, unit."""
    if score is None:
        return ""
    if interval := get_interval(score):
        low, high = interval
        return f"{score['value']:.4g} ({low:.3g} to {high:.3g}) {score['unit']}".strip()
    spread = "" if score.get("spread") is None else f" \N{PLUS-MINUS SIGN} {score['spread']:.2g}"
    return f"{score['value']:.4g}{spread} {score['unit']}".strip()


def show_reproduction(table: Mapping[str, Any]) -> None:
    """Print our numbers beside the paper's: means and standard deviations over seeds.

    There is a line for each row if the terminal is wide enough, else one for each score.
    """
    from rich.console import Console
    from rich.measure import Measurement

    console = Console()
    wide, long = _make_wide_table(table), _make_long_table(table)
    unbounded = console.options.update(max_width=sys.maxsize)
    fits = Measurement.get(console, unbounded, wide).maximum <= console.width
    console.print(wide if fits else long)
    if table["claim"]:
        console.print(table["claim"])


def _make_wide_table(table: Mapping[str, Any]) -> Table:
    """A line for each row of the reproduction, two columns for each score."""
    names = list(dict.fromkeys(name for row in table["rows"] for name in row["columns"]))
    titles = [title for name in names for title in (f"{name}, ours", "paper")]
    shown = _make_empty_table(table, titles)
    for row in table["rows"]:
        cells = [_format_ours_and_paper(row["columns"].get(name)) for name in names]
        shown.add_row(row["name"], *chain.from_iterable(cells))
    return shown


def _make_long_table(table: Mapping[str, Any]) -> Table:
    """A line for each score of each row."""
    shown = _make_empty_table(table, ("score", "ours", "paper"))
    for row in table["rows"]:
        for i, (score, cell) in enumerate(row["columns"].items()):
            shown.add_row(row["name"] if i == 0 else "", score, *_format_ours_and_paper(cell))
        shown.add_section()
    return shown


def _make_empty_table(table: Mapping[str, Any], titles: Sequence[str]) -> Table:
    from rich.table import Table

    count = len(table["seeds"])
    return Table("", *titles, title=f"{table['title']}: {count} seed{'s' * (count != 1)}")


def _format_ours_and_paper(cell: Mapping[str, Any] | None) -> tuple[str, str]:
    if cell is None:
        return "", ""
    ours = _format_score({**cell, "value": cell["mean"], "spread": cell["sd"], "spread_is": ""})
    if "failed_runs" in cell:
        runs = f"{cell['failed_runs']} of {len(cell['values'])} runs"
        ours = f"{ours}; {runs} above {cell['failed_above']:g}"
    return ours, cell["paper"] or "-"
