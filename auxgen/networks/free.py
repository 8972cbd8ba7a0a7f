"""Networks in whose place nothing is computed: parameters that depend on nothing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FreeParameters(nn.Module):
    """The same learned numbers whatever is given: (..., d) -> (..., width), or (width,) of nothing.

    Makes a free q(a), and in the place of a network a conditional that conditions on nothing.
    """

    def __init__(self, start: Tensor) -> None:
        """start: what the numbers are before training, (width,)."""
        super().__init__()
        self.values = nn.Parameter(start)

    def forward(self, *given: Tensor | None) -> Tensor:
        return _broadcast_values(self.values, given)


class Zeros(nn.Module):
    """Zeros whatever is given, (..., d) -> (..., width): of them a normal is N(0, I)."""

    zeros: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("zeros", torch.zeros(width), persistent=False)

    def forward(self, *given: Tensor | None) -> Tensor:
        return _broadcast_values(self.zeros, given)


def _broadcast_values(values: Tensor, given: Sequence[Tensor | None]) -> Tensor:
    """values (width,) for each entry of the batch that the inputs (..., d) broadcast to."""
    shapes = [g.shape[:-1] for g in given if g is not None]
    return values.expand(*torch.broadcast_shapes(*shapes), -1)
