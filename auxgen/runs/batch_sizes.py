"""Whether batches have enough rows for what learns from them."""

from typing import Any

import torch
from torch import nn

from ..engine.device import Ranks
from ..engine.parts import split_batch
from ..errors import InputError
from ..networks.freezing import find_batch_norms
from ..stage import Experiment


def check_batches(stages: Experiment, ranks: Ranks, device: str, parts: int = 1) -> None:
    """Check that no batch is too small for what learns from it, and that it has so many parts.

    Raises:
        InputError: A batch, or a part of it, has one row, and a network normalises vectors by their
            batch; or it cannot be played in equal parts.
    """
    for name, stage in stages.items():
        owned = [net for nets in stage.method.players().values() for net in nets]
        layers = [layer for net in owned for layer in find_batch_norms(net)]
        normalises = any(isinstance(layer, nn.BatchNorm1d) for layer in layers)
        if not normalises and parts == 1:
            continue
        part, *_ = split_batch(stage.batches(0, ranks.rank, ranks.size, device), parts)
        if normalises and 1 in _list_batch_sizes(part):
            what = "A batch" if parts == 1 else "A part of a batch"
            raise InputError(
                f"{what} of stage {name} has one row, which batch norm cannot normalise; give "
                f"--batch {2 * parts} or more{'' if parts == 1 else ' or a smaller --accumulate'}."
            )


def _list_batch_sizes(batch: Any) -> list[int]:
    """The rows of each tensor in a batch."""
    if isinstance(batch, torch.Tensor):
        return [len(batch)] if batch.ndim else []
    parts = batch if isinstance(batch, tuple | list) else ()
    return [size for part in parts for size in _list_batch_sizes(part)]
