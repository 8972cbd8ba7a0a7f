"""Tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError


def show(runs: Sequence[str], results: Sequence[Mapping[str, Any]], mixed: bool) -> None:
    """One line for each score, one column for each run.

    Raises:
        InputError: Scores of one name have different protocols, and `mixed` is off.
    """
    from rich.console import Console
    from rich.table import Table

    scores = [result["scores"] for result in results]
    names = list(dict.fromkeys(name for each in scores for name in each))
    table = Table("score", *runs, "how it was measured")
    for name in names:
        cells = [each.get(name) for each in scores]
        protocols = list(dict.fromkeys(cell["protocol"] for cell in cells if cell))
        if len(protocols) > 1 and not mixed:
            raise InputError(
                f"{name} was measured in different ways ({'; '.join(protocols)}); "
                "--mixed prints them side by side all the same."
            )
        table.add_row(name, *(written(cell) for cell in cells), "\n".join(protocols))
    Console().print(table)


def written(score: Mapping[str, Any] | None) -> str:
    """A score as a person reads it: value, plus-minus its spread, unit."""
    if score is None:
        return ""
    spread = "" if score.get("spread") is None else f" \N{PLUS-MINUS SIGN} {score['spread']:.2g}"
    return f"{score['value']:.4g}{spread} {score['unit']}".strip()


def show_reproduction(table: Mapping[str, Any]) -> None:
    """Ours beside the paper's, mean and standard deviation over seeds."""
    from rich.console import Console
    from rich.table import Table

    columns = list(dict.fromkeys(c for row in table["rows"] for c in row["columns"]))
    shown = Table("", title=f"{table['title']}: {len(table['seeds'])} seeds")
    for column in columns:
        shown.add_column(f"{column}, ours")
        shown.add_column("paper")
    for row in table["rows"]:
        cells = [row["columns"].get(column) for column in columns]
        shown.add_row(row["name"], *(t for cell in cells for t in beside(cell)))
    console = Console()
    console.print(shown)
    if table["claim"]:
        console.print(table["claim"])


def beside(cell: Mapping[str, Any] | None) -> tuple[str, str]:
    if cell is None:
        return "", ""
    return written({**cell, "value": cell["mean"], "spread": cell["sd"]}), cell["paper"] or "-"
