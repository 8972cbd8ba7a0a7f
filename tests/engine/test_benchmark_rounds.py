"""The benchmark of rounds runs, and times each of them in both ways."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "rounds.py"


def test_the_small_benchmark_times_both_ways(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--small"])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    rounds = json.loads(capsys.readouterr().out)["rounds"]
    assert len(rounds) == 16
    assert all(found["seconds"] > 0 and found["peer_seconds"] > 0 for found in rounds.values())
