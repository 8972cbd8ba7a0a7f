"""The benchmark of rows that do not fit in memory runs, and trains in both ways on both kinds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "larger_than_memory.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="gives pages back as Linux does")
def test_the_small_benchmark_trains_on_rows_on_disk_and_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path))
    command = [sys.executable, str(SCRIPT), "--small", "--rounds", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    for kind in ("pictures", "table"):
        assert found["disk_over_resident"][kind]["rows_a_processor_second"] > 0
        assert found["runs"][f"{kind}, disk, 0"]["most_resident_gib"] <= found["limit_gib"]
