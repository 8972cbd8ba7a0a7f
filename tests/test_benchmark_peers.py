"""The benchmark of peers runs, and its arithmetic of times and ratios is right."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmark_modules import import_benchmark


@pytest.fixture
def interleaving() -> Iterator[Any]:
    with import_benchmark("interleaving") as module:
        yield module


def test_ratios_are_of_calls_that_followed_each_other(interleaving: Any) -> None:
    """A machine that gets slower and slower changes times, but no ratio."""
    found = interleaving.summarise_ratios([2.0, 4.0, 20.0], [1.0, 2.0, 10.0])
    assert found == {"median": 2.0, "low": 2.0, "high": 2.0}


def test_ways_take_turns_and_first_calls_are_not_timed(interleaving: Any) -> None:
    log: list[str] = []
    ways = {name: lambda name=name: log.append(name) for name in "ab"}
    seconds = interleaving.time_in_turn(ways, 3)
    assert "".join(log) == "abababab"
    assert all(len(each.processor) == len(each.clock) == 3 for each in seconds.values())


def test_the_arithmetic_of_products_is_counted_forwards_and_backwards(interleaving: Any) -> None:
    layer = torch.nn.Linear(5, 7)
    x = torch.rand(3, 5)
    assert interleaving.count_flops(lambda: layer(x).sum().backward()) == 2 * 2 * 3 * 5 * 7


def run_small(patch: pytest.MonkeyPatch, out: Path, names: list[str]) -> dict[str, Any]:
    """What the small benchmark of some comparisons writes about one thread."""
    patch.setattr(sys, "argv", ["peers.py", str(out), "--small", "--only", *names])
    threads = torch.get_num_threads()
    with import_benchmark("peers") as peers:
        peers.main()
    torch.set_num_threads(threads)
    found = json.loads(out.read_text())["threads"]["1"]
    assert list(found) == names
    return found


def check(comparison: dict[str, Any], precision: str) -> None:
    """Check that ratios are of the first way, and that all were timed."""
    ways = comparison[precision]["ways"]
    first = next(iter(ways.values()))
    assert first["times_as_fast"] == {"median": 1.0, "low": 1.0, "high": 1.0}
    assert all(each["clock_ms"]["median"] > 0 for each in ways.values())


def test_the_small_benchmark_measures_both_precisions_and_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = run_small(monkeypatch, tmp_path / "speed.json", ["vae"])["vae"]
    for precision in ("32", "bf16"):
        check(found, precision)
        assert all(each["of_limit"] > 0 for each in found[precision]["ways"].values())
    reason = {"Pythae's trainer": "it trains with this loss in float32 alone"}
    assert found["bf16"]["skipped"] == reason


@pytest.mark.slow
def test_the_small_benchmark_measures_every_comparison(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with import_benchmark("peers") as peers:
        names = [*peers.COMPARISONS, "fits"]
    found = run_small(monkeypatch, tmp_path / "speed.json", names)
    for name, comparison in found.items():
        check(comparison, "32")
        assert ("bf16" in comparison) == (name != "fits")
    assert found["fits"]["32"]["ways"]["ours, the default committee"]["accuracy"] > 1 / 3
