"""Every test runs on one thread, with distributions that check their arguments, and offline."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

os.environ["AUXGEN_DEBUG"] = "1"
os.environ["AUXGEN_CACHE"] = tempfile.mkdtemp(prefix="auxgen-cache-")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"

import pytest
import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(1)
settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy machine")
os.fsync = lambda _: None  # no test ends in a failure of power, and disks take long


def pytest_collection_finish() -> None:
    """Collect garbage seldom, and leave out what was imported and collected."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="module")
def few_draws() -> Iterator[None]:
    """Few forward passes and draws, of which there are fifty and more, and which take most time.

    For tests of what a run leaves, not of how well it learned.
    """
    from auxgen.engine import loop
    from auxgen.inference import prediction
    from auxgen.methods import discreg

    with pytest.MonkeyPatch.context() as patch:
        for module, name, most in (
            (loop, "recalibrate_batch_norm", 2),
            (discreg, "recalibrate_batch_norm", 2),
            (prediction, "estimate_elbo", 4),
            (prediction, "estimate_log_likelihood", 20),
        ):
            patch.setattr(module, name, _limit_third(getattr(module, name), most))
        yield


def _limit_third(function: Callable[..., Any], most: int) -> Callable[..., Any]:
    """A function whose third argument is a number, cut to `most`."""

    def limited(first: Any, second: Any, third: int, **named: Any) -> Any:
        return function(first, second, min(third, most), **named)

    return limited
