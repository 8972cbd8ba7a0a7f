"""What pages that are made of files under results/ have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"


def describe_source(known: Mapping[str, Any], file: str) -> str:
    """Command, date, machine and commit of a file under results/, which is named without .json."""
    return (
        f"`{known['command']}`, {known['date']}, {known['hardware']}, commit {known['commit']}, "
        f"`results/{file}.json`."
    )


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, cells))} |" for cells in rows)])
