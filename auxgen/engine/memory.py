"""Memory that is full: how large a batch may be whose round still fits."""

import gc
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from ..data.batches import rebuild_batch
from ..errors import find_full_memory
from .device import Ranks
from .good_state import GoodState, drop_gradients
from .loop import Training

Result = TypeVar("Result")


class Attempt(NamedTuple):
    """What work returned, and whose memory it filled; "" where it fitted."""

    result: Any
    full: str


def attempt(work: Callable[[], Any]) -> Attempt:
    """Do work that may fill the memory; all that it had reserved is free again if it does."""
    try:
        return Attempt(work(), "")
    except (MemoryError, RuntimeError) as error:
        full = find_full_memory(error)
        if not full:
            raise
    # here the error is gone, and with it the frames that hold the tensors of the round
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    return Attempt(None, full)


def find_fitting_rows(
    training: Training, get_batch: Callable[[int], object], rows: int
) -> int | None:
    """The largest of rows/2, rows/4, ..., 1 whose round fits in memory; None where none does.

    What is tried has a quarter more rows, as a process that begins anew has not quite the same
    memory. The training is put back, but for the weights of a round that did not end.

    Args:
        training: What does not fit with a batch of so many rows.
        get_batch: The next batch, cut to so many rows.
        rows: Rows of a batch that is too large.
    """
    drop_gradients(training)
    kept = GoodState(max_bytes=float("inf"), device="cpu")
    if attempt(partial(kept.keep, training)).full:
        return None
    ranks = training.ranks
    training.ranks = training.weights.ranks = Ranks()  # the others do not play these rounds
    try:
        while rows > 1:
            rows //= 2
            if _fits(training, partial(get_batch, rows + rows // 4)):
                return rows
        return None
    finally:
        kept.restore(training)
        training.ranks = training.weights.ranks = ranks


def _fits(training: Training, get_batch: Callable[[], object]) -> bool:
    """Whether two rounds fit: in the second one optimisers have states, as later.

    Rounds that fail for another reason, such as too few rows, do not fit.
    """

    def play() -> None:
        training.run_round(get_batch())
        training.run_round(get_batch())

    try:
        return not attempt(play).full
    except (RuntimeError, ValueError):
        return False


def cut_rows(batch: Any, rows: int, axis: int = 0) -> Any:
    """A batch whose tensors have so many rows at most, along an axis."""
    if isinstance(batch, Tensor):
        return batch.narrow(axis, 0, min(rows, batch.shape[axis])) if batch.ndim > axis else batch
    if not isinstance(batch, tuple | list):
        return batch
    return rebuild_batch(batch, [cut_rows(part, rows, axis) for part in batch])


def count_rows(batch: Any, axis: int = 0) -> int:
    """Rows of the largest tensor of a batch; 0 where it has none."""
    if isinstance(batch, Tensor):
        return batch.shape[axis] if batch.ndim > axis else 0
    parts = batch if isinstance(batch, tuple | list) else ()
    return max((count_rows(part, axis) for part in parts), default=0)
