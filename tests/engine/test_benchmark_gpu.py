"""The benchmark of a GPU runs on a CPU, where it plays every method in every way it can."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest
from benchmark_modules import benchmarks_on_path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


SOME = ("vae", "gan", "introvac")


@pytest.mark.parametrize("asked", [SOME, pytest.param((), marks=pytest.mark.slow)])
def test_the_small_benchmark_replays_methods_to_the_same_losses(
    asked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--small", "--ways", "eager", "captured", "--methods", *asked]
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *words])
    with benchmarks_on_path():
        runpy.run_path(str(SCRIPT), run_name="__main__")
    methods = json.loads(capsys.readouterr().out)["methods"]
    assert set(asked) <= methods.keys()
    assert asked or len(methods) > 10
    for name, ways in methods.items():
        assert all("seconds" in way for way in ways.values()), (name, ways)
        assert ways["captured"]["largest_relative_difference_of_losses"] == 0, name
