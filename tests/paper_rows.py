"""Rows of tables, as the papers' pages write them, made of the files under results/."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def read_result(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "results" / f"{name}.json").read_text())


def read_table(name: str) -> dict[str, Any]:
    """Columns of a reproduction by the titles of its rows."""
    return {row["name"]: row["columns"] for row in read_result(name)["rows"]}


def write_row(label: str, cells: Sequence[str]) -> str:
    """A row of a table as it stands on the page; empty cells are single spaces."""
    return "|".join(["", f" {label} ", *(f" {cell} " if cell else " " for cell in cells), ""])


def spread(score: Mapping[str, Any], digits: int = 0) -> str:
    return f"{score['mean']:.{digits}f} ± {score['sd']:.{digits}f}"


def pair(*values: float, digits: int | Sequence[int] = 0) -> str:
    each = [digits] * len(values) if isinstance(digits, int) else digits
    return "; ".join(f"{value:.{n}f}" for value, n in zip(values, each, strict=True))


def read_scores(name: str) -> dict[str, float]:
    """Values of the scores of a run."""
    return {key: score["value"] for key, score in read_result(name)["scores"].items()}


def read_page(name: str) -> list[str]:
    return (ROOT / "docs" / "papers" / f"{name}.md").read_text().splitlines()
