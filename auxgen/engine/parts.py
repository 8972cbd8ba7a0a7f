"""A batch in parts of equal size, whose gradients add up to its own."""

from typing import Any

from torch import Tensor

from ..data.batches import rebuild_batch
from ..errors import InputError


def check_parts(count: object) -> None:
    """Check the number of parts that a person or a run.json gives.

    Raises:
        InputError: It is no whole number of 1 or more.
    """
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise InputError(f"accumulate is {count!r}; a whole number of 1 or more is expected.")


def split_batch(batch: Any, count: int) -> list[Any]:
    """The rows of a batch, of each of its tensors, in so many parts.

    Raises:
        InputError: A tensor has rows that cannot be divided so.
    """
    if count == 1:
        return [batch]
    if isinstance(batch, Tensor):
        if batch.ndim == 0 or len(batch) % count:
            rows = f"{len(batch)} rows" if batch.ndim else "a number"
            raise InputError(
                f"A batch with {rows} cannot be played in {count} equal parts; give --accumulate a "
                "number that divides its rows, labelled and unlabelled ones, or another batch."
            )
        return list(batch.chunk(count))
    if not isinstance(batch, tuple | list):
        return [batch] * count
    columns = zip(*(split_batch(part, count) for part in batch), strict=True)
    return [rebuild_batch(batch, parts) for parts in columns]
