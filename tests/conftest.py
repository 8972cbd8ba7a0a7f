"""Every test runs on one thread, with distributions that check their arguments, and offline."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator

os.environ["AUXGEN_DEBUG"] = "1"
os.environ["AUXGEN_CACHE"] = tempfile.mkdtemp(prefix="auxgen-cache-")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"

import pytest
import torch
from torch import nn

torch.set_num_threads(1)


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of garbage collection, which it makes slow."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def two_batches() -> Iterator[None]:
    """Fifty forward passes after two rounds of training would take most of a test's time."""
    from auxgen.engine import loop
    from auxgen.networks.freezing import recalibrate_batch_norm

    def recalibrate(module: nn.Module, run_batch: Callable[[int], object], batches: int) -> None:
        recalibrate_batch_norm(module, run_batch, min(batches, 2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "recalibrate_batch_norm", recalibrate)
        yield
