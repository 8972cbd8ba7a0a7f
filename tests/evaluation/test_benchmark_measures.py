"""The benchmark of measures runs, and both sides measure the same."""

from __future__ import annotations

import json
import runpy
import sys
import warnings
from pathlib import Path

import pytest
from benchmark_modules import benchmarks_on_path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "measures.py"
SAMPLED = ("sliced", "class score")  # the two sides draw for themselves


def test_the_small_benchmark_measures_as_its_peers_do(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--small"])
    with warnings.catch_warnings(), benchmarks_on_path():
        runpy.run_path(str(SCRIPT), run_name="__main__")
    printed = capsys.readouterr()
    measures = json.loads(printed.out)["measures"]
    compared = {name: found for name, found in measures.items() if "peer" in found}
    assert len(compared) >= 8
    for name, found in compared.items():
        near = 0.1 if name.startswith(SAMPLED) else 1e-5
        assert found["value"] == pytest.approx(found["peer_value"], rel=near), name
        assert name in printed.err
