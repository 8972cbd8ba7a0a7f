"""Every test here has a cache of its own, and no data root unless it asks for the real one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)
REAL = os.environ.get("AUXGEN_DATA")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("AUXGEN_CACHE", str(folder))
    monkeypatch.delenv("AUXGEN_DATA", raising=False)
    return folder


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of real sets."""
    if not REAL:
        pytest.skip("needs real data: set AUXGEN_DATA to a folder with mnist/")
    monkeypatch.setenv("AUXGEN_DATA", REAL)
    return Path(REAL)
