"""All ways of playing a round are timed, and shares are of the median of the bare loop."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from benchmark_modules import import_benchmark


@pytest.fixture
def bare_loop() -> Iterator[Any]:
    with import_benchmark("bare_loop") as module:
        yield module


def test_shares_are_of_the_bare_loops_median(bare_loop: Any) -> None:
    found = bare_loop.summarise({"bare loop": [0.02, 0.01, 0.03], "ours": [0.04, 0.02, 0.04]})
    assert found["bare loop"]["share_of_bare"] == 1
    assert found["ours"] == {
        "seconds": 0.04, "images_a_second": 2500, "share_of_bare": 0.5, "share_by_least": 0.5,
    }  # fmt: skip


def test_the_small_benchmark_times_all_ways(
    bare_loop: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bare_loop.py", "--small"])
    bare_loop.main()
    rounds = json.loads(capsys.readouterr().out)["rounds"]
    assert len(rounds) == 3
    assert all(each["seconds"] > 0 for each in rounds.values())
