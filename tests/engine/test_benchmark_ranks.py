"""The benchmark of ranks: its formula, and a run of two."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from benchmark_modules import benchmarks_on_path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "ranks.py"


def test_the_formula_counts_bytes_and_hops() -> None:
    with benchmarks_on_path():
        found = runpy.run_path(str(SCRIPT))
    predict, link = found["predict_communication"], found["Link"](bandwidth=100.0, latency=0.5)
    assert predict(1000, 3, 1, link) == 0
    assert predict(1000, 3, 2, link) == 10 + 3
    assert predict(1000, 1, 8, link) == pytest.approx(17.5 + 3)


@pytest.mark.slow
def test_the_small_benchmark_runs_one_and_two_ranks() -> None:
    command = [sys.executable, str(SCRIPT), "--small"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    cases = json.loads(done.stdout)["cases"]
    weights = 20 * 16 + 16 + 16 * 16 + 16 + 16 * 128 + 128  # of the VAE's encoder
    weights += 64 * 16 + 16 + 16 * 16 + 16 + 16 * 20 + 20  # and decoder
    vae = cases["VAE 784-512-512-64"]
    assert (vae["bytes"], vae["messages"]) == (4 * weights, 1)
    assert all(case["efficiency"] > 0 for case in cases.values())
