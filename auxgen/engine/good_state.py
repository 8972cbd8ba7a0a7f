"""A state of a training that is kept in memory, and to which the training can be put back."""

import torch
from torch import Tensor

from .loop import Training

MAX_BYTES = 2**28
"""A larger state is not copied at each line of the log: no cause of a divergence is looked for."""


class GoodState:
    """A copy of all that a checkpoint would hold, kept in memory."""

    def __init__(self, max_bytes: float = MAX_BYTES, device: str | None = None) -> None:
        """A state of more than `max_bytes` is not kept; `device` is where, None: where it is."""
        self.max_bytes, self.device = max_bytes, device
        self.step: int | None = None
        self.tensors: list[Tensor] = []

    def keep(self, training: Training) -> None:
        """Copy a finite state over the last one."""
        live = _list_state(training)
        if sum(each.numel() * each.element_size() for each in live) > self.max_bytes:
            return
        if len(live) != len(self.tensors):  # optimisers have no state before their first step
            self.tensors = [each.to(self.device or each.device, copy=True) for each in live]
        else:
            for kept, each in zip(self.tensors, live, strict=True):
                kept.copy_(each)
        self.step = training.step

    @torch.no_grad()
    def restore(self, training: Training) -> bool:
        """Put a training back to the state that was kept; False if there is none that fits it."""
        if self.step is None:
            return False
        live = _list_state(training)
        if len(live) != len(self.tensors):
            for optimizer in training.optimizers.values():
                optimizer.state.clear()
            live = _list_state(training)
        if len(live) != len(self.tensors):
            return False
        for each, kept in zip(live, self.tensors, strict=True):
            each.copy_(kept)
        drop_gradients(training)
        training.step = self.step
        training.meter.reset()
        return True


def drop_gradients(training: Training) -> None:
    """Drop the gradients that players have gathered in a round that did not end."""
    for optimizer in training.optimizers.values():
        optimizer.zero_grad()


def _list_state(training: Training) -> list[Tensor]:
    """What changes in training: weights, buffers, means, optimisers' states."""
    found = [*training.method.state_dict().values(), *training.average.means.values()]
    for optimizer in training.optimizers.values():
        for state in optimizer.state.values():
            found += [value for value in state.values() if isinstance(value, Tensor)]
    return found
