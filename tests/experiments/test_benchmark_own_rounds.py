"""The benchmark of rounds for a person's tables: its rules by hand, and that it goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmark_modules import import_benchmark

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark() -> Iterator[Any]:
    with import_benchmark("own_rounds") as module:
        yield module


def test_stopping_early_keeps_the_best_look(benchmark: Any) -> None:
    assert benchmark.stop_early([3.0, 2.0, 2.5, 2.4, 1.0], 2) == (1, 3)
    assert benchmark.stop_early([3.0, 2.0, 2.5, 2.4, 1.0], 3) == (4, 4)
    assert benchmark.stop_early([1.0, 1.0, 1.0], 2) == (0, 2)


def test_the_small_benchmark_measures_each_rule_and_goes_on(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "rounds.json"
    monkeypatch.setattr(sys, "argv", ["own_rounds.py", str(file), "--small"])
    benchmark.main()
    found = json.loads(file.read_text())
    (rules,) = found["fits"].values()
    assert {"4 rounds", "8 rounds", "held-out bound, patience 3"} <= rules.keys()
    assert all(0 <= rule["accuracy"] <= 1 < rule["rounds"] for rule in rules.values())
    before = file.read_bytes()
    benchmark.main()  # all is there already
    assert file.read_bytes() == before
