"""How long a stage will take, from a few rounds of a copy."""

import copy
import time
from collections.abc import Callable

import torch

from ..errors import find_full_memory
from ..method import Method
from ..rng import use_seed
from .loop import Training
from .settings import Engine

MAX_ROUNDS, MAX_SECONDS = 5, 2.0
"""After so many rounds, or so many seconds, the shortest is taken."""


def estimate_seconds(
    method: Method, get_batch: Callable[[int], object], engine: Engine, *, device: str
) -> float | None:
    """Seconds that all rounds of a stage will take in float32, before its first one.

    Copies are trained, so that nothing changes; the random state is put back.

    Args:
        method: What will be trained.
        get_batch: The batch of a step.
        engine: How it will be trained.
        device: Where.

    Returns:
        None for a method that cannot be trained before what its stage does at its start.

    Raises:
        MemoryError, RuntimeError: The memory is full.
    """
    seconds = []
    try:
        with use_seed(0, torch.device(device)), torch.enable_grad():
            training = Training(
                copy.deepcopy(method), engine, seed=0, device=device, precision="32"
            )
            _play_round(training, get_batch)  # which reserves memory and chooses kernels
            while len(seconds) < MAX_ROUNDS and sum(seconds) < MAX_SECONDS:
                start = time.perf_counter()
                _play_round(training, get_batch)
                seconds.append(time.perf_counter() - start)
    except (RuntimeError, ValueError) as error:
        if find_full_memory(error):
            raise
    return engine.steps * min(seconds) if seconds else None


def _play_round(training: Training, get_batch: Callable[[int], object]) -> None:
    """Play the next round, and wait for the device."""
    training.run_round(get_batch(training.step))
    training.meter.compute_means()
