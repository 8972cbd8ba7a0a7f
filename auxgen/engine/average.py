"""The moving average of a method's weights."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..method import Method


class MovingAverage:
    """A copy of the method whose owned parameters are means of their recent values.

    The decay at step t is min(d, (1 + t) / (10 + t)), so that short runs are not made of initial
    weights. Buffers are the live ones until `Training.averaged` re-estimates batch-norm statistics.
    """

    def __init__(self, method: Method, owned: Sequence[nn.Parameter], decay: float) -> None:
        self.method = copy.deepcopy(method).requires_grad_(False)
        names = {id(p): name for name, p in method.named_parameters()}
        mine = dict(self.method.named_parameters())
        self.decay = decay
        self.live_parameters: list[Tensor] = list(owned)
        self.means = {names[id(p)]: mine[names[id(p)]] for p in owned}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step `step`."""
        decay = min(self.decay, (1 + step) / (10 + step))
        means: list[Tensor] = list(self.means.values())
        torch._foreach_lerp_(means, self.live_parameters, 1 - decay)  # pyright: ignore[reportPrivateImportUsage]
