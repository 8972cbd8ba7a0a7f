"""Fuzzing that is guided by coverage: how bytes become choices, and a sample of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from benchmark_modules import import_benchmark
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]

with import_benchmark("fuzzing_coverage") as module:
    coverage = module


@given(st.binary(max_size=40), st.integers(1, 10**6))
def test_bytes_decide_every_choice_and_any_bytes_will_do(data: bytes, most: int) -> None:
    first, again = coverage.Choices(data), coverage.Choices(data)
    for rng in (first, again):
        assert 0 <= rng.randrange(most) < most
        assert 0 <= rng.random() < 1
        assert len(rng.randbytes(5)) == 5
    assert first.choice("abc") == again.choice("abc")
    assert first.sample(range(9), 3) == again.sample(range(9), 3)


def test_used_up_bytes_are_zeros_and_all_values_can_be_drawn() -> None:
    empty = coverage.Choices(b"")
    assert [empty.randrange(7), empty.random(), empty.choice("abc")] == [0, 0.0, "a"]
    drawn = coverage.Choices(Random(0).randbytes(400))
    assert {drawn.choice("abc") for _ in range(50)} == set("abc")
    assert max(drawn.random() for _ in range(50)) > 0.9


@pytest.mark.slow
def test_a_sample_that_coverage_chose_has_no_fault(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    out = tmp_path / "out.json"
    script = ROOT / "benchmarks" / "fuzzing_coverage.py"
    subprocess.run([sys.executable, script, out, "--inputs", "150"], check=True)
    known = json.loads(out.read_text())
    assert known["faults"] == 0
    assert list(known["kinds"]) == list(coverage.SHARES)
    assert all(each["inputs"] >= 150 for each in known["kinds"].values())
    reached = [each["branches"] - each["branches at first"] for each in known["kinds"].values()]
    assert sum(reached) > 100
