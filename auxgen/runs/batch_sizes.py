"""Whether batches have enough rows for what learns from them."""

from typing import Any

import torch
from torch import nn

from ..engine.device import Ranks
from ..errors import InputError
from ..networks.freezing import find_batch_norms
from ..stage import Experiment


def check_batches(stages: Experiment, ranks: Ranks, device: str) -> None:
    """Check that no batch is too small for what learns from it.

    Raises:
        InputError: A batch has one row, and a network normalises vectors by their batch.
    """
    for name, stage in stages.items():
        owned = [net for nets in stage.method.players().values() for net in nets]
        layers = [layer for net in owned for layer in find_batch_norms(net)]
        if not any(isinstance(layer, nn.BatchNorm1d) for layer in layers):
            continue
        if 1 in _list_batch_sizes(stage.batches(0, ranks.rank, ranks.size, device)):
            raise InputError(
                f"A batch of stage {name} has one row, which batch norm cannot normalise; give "
                "--batch 2 or more."
            )


def _list_batch_sizes(batch: Any) -> list[int]:
    """The rows of each tensor in a batch."""
    if isinstance(batch, torch.Tensor):
        return [len(batch)] if batch.ndim else []
    parts = batch if isinstance(batch, tuple | list) else ()
    return [size for part in parts for size in _list_batch_sizes(part)]
