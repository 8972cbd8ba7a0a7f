"""The soak looks at a process as the system sees it, and a leak shows in its summary."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmark_modules import import_benchmark


@pytest.fixture
def soak() -> Iterator[Any]:
    with import_benchmark("soak") as module:
        yield module


def test_a_process_is_seen_with_its_handles_and_its_folder(soak: Any, tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(b"x" * 1000)
    before = soak.look_at(os.getpid(), tmp_path, 0.0)
    with (tmp_path / "weights").open("wb") as held:
        held.write(b"x" * 5000)
        held.flush()
        after = soak.look_at(os.getpid(), tmp_path, 0.0)
    assert after.handles == before.handles + 1
    assert (before.folder_mb, before.files) == (0, 0), "the log is left out"
    assert (after.folder_mb, after.files) == (0.005, 1)
    assert before.resident_mb > 10


@pytest.mark.parametrize("leak", [0, 3])
def test_a_leak_shows_between_the_halves(soak: Any, leak: int) -> None:
    looks = [soak.Look(60 * i, 500.0 + leak * i, 4, 3, 1.5, 9) for i in range(120)]
    memory = soak.summarise(looks)["resident_mb"]
    assert memory["last half"] - memory["first half"] == leak * 54
    assert memory["most"] == 500 + leak * 119


def test_what_ends_before_its_time_is_told(soak: Any, tmp_path: Path) -> None:
    ended = soak.subprocess.Popen(["false"])
    ended.wait()
    with pytest.raises(SystemExit, match="training ended with 1"):
        list(soak.watch({"training": (ended, tmp_path)}, 10.0, 0.01))
