"""Numbers on the pages of papers are those of the files that a page names."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "docs" / "papers" / f"{name}.md" for name in ("adgm", "asl", "dfm")]
Pair = tuple[float, float]


def read_results(page: Path) -> list[dict[str, Any]]:
    """The results that a page names."""
    names = sorted(set(re.findall(r"`(results/[\w.]+\.json)`", page.read_text())))
    assert names
    return [json.loads((ROOT / name).read_text()) for name in names]


def interval(values: np.ndarray) -> Pair:
    """A mean, and half of its 95 % interval by Student's t."""
    n = len(values)
    return values.mean(), student.ppf(0.975, n - 1) * values.std(ddof=1) / n**0.5


def list_pairs(results: dict[str, Any]) -> Iterator[Pair]:
    """Numbers of a file, each with a spread: SD or interval over seeds, or a score's own."""
    by_column: dict[str, list[np.ndarray]] = {}
    rows = [row for row in results.get("rows", []) if "columns" in row]
    for column, score in (item for row in rows for item in row["columns"].items()):
        values = np.array(score["values"])
        if len(values) > 1:
            yield score["mean"], score["sd"]
            yield interval(values)
            by_column.setdefault(column, []).append(values)
    for same in by_column.values():
        for one, other in itertools.permutations(same, 2):
            if len(one) == len(other):
                yield interval(one - other)
    for score in results.get("scores", {}).values():
        if score.get("spread") is not None:
            yield score["value"], score["spread"]


def is_known(number: str, spread: str, pairs: list[Pair]) -> bool:
    """Whether a pair rounds to what is printed; an error in per cent may stand as an accuracy."""
    return any(
        agrees(spread, s) and (agrees(number, v) or agrees(number, 100 - v)) for v, s in pairs
    )


def agrees(printed: str, value: float) -> bool:
    """Whether a number rounds to what is printed."""
    half_a_digit = 0.5 * 10.0 ** -len(printed.partition(".")[2])
    return abs(float(printed) - value) <= half_a_digit + 1e-9


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_number_with_a_spread_is_in_a_file_that_the_page_names(page: Path) -> None:
    """The papers' own spreads stand in brackets there."""
    known = [pair for results in read_results(page) for pair in list_pairs(results)]
    printed = re.findall(r"([-+]?\d+(?:\.\d+)?)\s+±\s+(\d+(?:\.\d+)?)", page.read_text())
    assert len(printed) > 10
    for number, spread in printed:
        message = f"{page.name}: {number} ± {spread} is in no file that the page names"
        assert is_known(number, spread, known), message


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_changed_number_would_be_seen(page: Path) -> None:
    """The same search finds no spread that is ten times too large."""
    known = [pair for results in read_results(page) for pair in list_pairs(results)]
    number, spread = re.findall(r"(\d+\.\d+)\s+±\s+(\d+\.\d+)", page.read_text())[0]
    assert is_known(number, spread, known)
    assert not is_known(number, f"{float(spread) * 10 + 1:.2f}", known)
