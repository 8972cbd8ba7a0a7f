"""Averages of small models whose batch norm is recalibrated on two batches in place of fifty."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from torch import nn

from auxgen.engine import loop
from auxgen.networks.freezing import recalibrate_batch_norm


@pytest.fixture(scope="module")
def two_batches() -> Iterator[None]:
    """Fifty forward passes after two rounds of training would take most of a test's time."""

    def recalibrate(module: nn.Module, run_batch: Callable[[int], object], batches: int) -> None:
        recalibrate_batch_norm(module, run_batch, min(batches, 2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "recalibrate_batch_norm", recalibrate)
        yield
