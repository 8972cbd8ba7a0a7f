"""Seconds of files and of processes add up, those of children included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmark_modules import import_benchmark

BURN = "import time\nwhile time.process_time() < {}: pass\n"


@pytest.fixture
def suite() -> Iterator[Any]:
    with import_benchmark("suite") as module:
        yield module


def test_seconds_of_files_and_of_all_that_is_around_them_add_up(suite: Any) -> None:
    workers = [
        {"all": 10.0, "files": {"a": 3.0, "b": 4.0}},
        {"all": 5.0, "files": {"a": 2.0, "c": 0.5}},
        {"all": 1.0, "files": {}},
    ]
    found = suite.summarise(workers)
    assert found["processor_seconds"] == 16.0
    assert found["start_and_collection"] == 6.5
    assert list(found["files"].items()) == [("a", 5.0), ("b", 4.0), ("c", 0.5)]


def test_what_a_child_costs_is_counted_when_it_has_ended(suite: Any) -> None:
    before = suite.count_seconds()
    subprocess.run([sys.executable, "-S", "-c", BURN.format(0.3)], check=True)
    assert suite.count_seconds() - before >= 0.2


def test_ticks_of_a_process_are_those_that_it_ran(suite: Any) -> None:
    second = os.sysconf("SC_CLK_TCK")
    own = time.process_time() + sum(os.times()[2:4])
    assert suite.read_ticks(os.getpid()) == pytest.approx(own * second, abs=second)


def test_a_test_and_its_children_are_the_cost_of_their_file(suite: Any, tmp_path: Path) -> None:
    """The plugin itself, in a pytest of its own."""
    (tmp_path / "test_busy.py").write_text(
        "import subprocess, sys\ndef test_it():\n"
        f"    subprocess.run([sys.executable, '-S', '-c', {BURN.format(0.3)!r}], check=True)\n"
    )
    paths = {"PYTHONPATH": str(Path(suite.__file__).parent), suite.FOLDER: str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "suite", "-p", "no:cacheprovider"]
    own = {n: v for n, v in os.environ.items() if n != "PYTEST_XDIST_WORKER"}
    subprocess.run(command, cwd=tmp_path, env={**own, **paths}, check=True)
    told = json.loads((tmp_path / "main.json").read_text())
    assert 0.2 <= told["files"]["test_busy.py"] < told["all"]
