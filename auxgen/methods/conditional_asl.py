"""Conditional auxiliary supervised learning: p(u|y) in place of p(u), which the paper lacks."""

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..data.batches import LabelledBatch
from ..method import Moves
from .asl import BaseASL

ContextFunction = Callable[[Tensor], Tensor]
"""Classes (n,) or attributes (n, k) -> the density's context, (n, c) float32 of 0 and 1."""


def make_attribute_context(y: Tensor) -> Tensor:
    """Attributes are their own context: (n, k) -> (n, k)."""
    return y.float()


def make_class_context(y: Tensor, classes: int) -> Tensor:
    """Classes (n,) -> (n, classes)."""
    return (y.unsqueeze(-1) == torch.arange(classes, device=y.device)).float()


class RecentContexts(nn.Module):
    """The contexts of the latest training rows, whose draws approximate p(y)."""

    rows: Tensor
    filled: Tensor

    def __init__(self, width: int, rows: int = 4096) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(rows, width, dtype=torch.uint8))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    def store(self, context: Tensor, step: Tensor) -> None:
        """Add the contexts of a batch, (b, width), or replace old ones by them.

        Until all places are taken the next ones are, since a step may have several batches.
        """
        size = len(self.rows)
        start = torch.where(self.filled < size, self.filled, step * len(context))
        place = (start + torch.arange(len(context), device=context.device)) % size
        self.rows[place] = context.to(torch.uint8)
        self.filled.copy_((self.filled + len(context)).clamp(max=size))

    def sample(self, n: int) -> Tensor:
        """n contexts, with replacement: -> (n, width)."""
        drawn = torch.rand(n, device=self.rows.device) * self.filled
        return self.rows[drawn.long()].float()


@final
class ConditionalASL(BaseASL):
    """p(y) p(u|y) p(x|u)  with  q(u|x) held fixed; y are classes or attributes."""

    def __init__(self, *, make_context: ContextFunction, width: int, **parts: Any) -> None:
        """Takes the arguments of `BaseASL`, and y -> the context of p(u|y), (n, width)."""
        super().__init__(**parts)
        self.make_context, self.recent = make_context, RecentContexts(width)

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """Algorithm 1 with the density's term -log p(u|y)."""
        context = self.make_context(batch.y)
        self.recent.store(context, step)
        yield from self.make_moves(batch.x, context)

    def sample_codes(self, n: int, y: Tensor | None) -> Tensor:
        """u ~ p(u|y): y (n,) classes or (n, k) attributes, drawn when None -> (n, r)."""
        context = self.recent.sample(n) if y is None else self.make_context(y)
        return self.p_u(context).sample()

    def sample_p_x(self, n: int, y: Tensor | None = None) -> Distribution:
        """p(x|u) at n draws of u ~ p(u|y), y as for `sample`: -> batch (n,)."""
        return self.p_x(self.sample_codes(n, y))

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """u ~ p(u|y), x = g(u): y (n,) classes or (n, k) attributes, drawn when None."""
        return self.sample_from_codes(self.sample_codes(n, y))
