"""What is timed at the start is summarised by medians, and the table that is predicted is whole."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import pytest
from benchmark_modules import import_benchmark


@pytest.fixture
def start() -> Iterator[Any]:
    with import_benchmark("start") as module:
        yield module


def test_medians_stand_beside_the_targets(start: Any) -> None:
    found = {
        "auxgen --help": [(0.2, 0.3), (0.1, 0.9), (0.4, 0.4)],
        "auxgen experiments": [(1.0, 2.0)] * 3,
        "auxgen predict, 10 rows of a table": [(2.0, 3.0)] * 3,
        "import torch": [(1.0, 1.0), (2.0, 2.0), (4.0, 4.0)],
        "import torch and auxgen": [(1.5, 1.25), (2.25, 2.0), (4.0, 8.0)],
    }
    seconds = start.summarise({n: [start.Seconds(*each) for each in f] for n, f in found.items()})
    assert seconds["auxgen --help"] == {"processor": 0.2, "clock": 0.4, "at_most": 0.15}
    assert seconds["import torch"] == {"processor": 2.0, "clock": 2.0}
    # of each round's difference, not the difference of medians
    added = {"processor": 0.25, "clock": 0.25, "at_most": 0.1}
    assert seconds["import auxgen, beyond import torch"] == added
    assert seconds.keys() >= start.TARGETS.keys()


@pytest.mark.parametrize("labelled", [True, False])
def test_a_made_table_has_whole_rows(start: Any, tmp_path: Path, labelled: bool) -> None:
    start.write_rows(tmp_path / "rows.csv", 10, labelled)
    header, *rows = csv.reader((tmp_path / "rows.csv").read_text().splitlines())
    assert {len(row) for row in rows} == {len(header)} == {7 + labelled}
    assert len(rows) == 10
    if labelled:
        assert {row[-1] for row in rows} == {"no", "yes"}


def test_a_process_is_timed_and_its_failure_is_one_here(start: Any) -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    seconds = start.time_process((sys.executable, "-c", busy))
    assert seconds.processor >= 0.3
    with pytest.raises(CalledProcessError):
        start.time_process((sys.executable, "-c", "raise SystemExit(1)"))
