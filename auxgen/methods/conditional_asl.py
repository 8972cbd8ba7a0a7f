"""Auxiliary supervised learning on demand: p(u|y) in place of p(u), which the paper has not."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data.batches import LabelledBatch
from ..method import Moves
from ..networks.regression import Regression
from .asl import BaseASL, ResidualLoss

ContextFunction = Callable[[Tensor], Tensor]
"""Classes (n,) or attributes (n, k) -> what the density is given, (n, c) float32 of 0 and 1."""


def make_attribute_context(y: Tensor) -> Tensor:
    """Attributes are their own context: (n, k) -> (n, k)."""
    return y.float()


def make_class_context(y: Tensor, classes: int) -> Tensor:
    """Classes (n,) -> (n, classes)."""
    return F.one_hot(y.long(), classes).float()


class RecentContexts(nn.Module):
    """The contexts of the last rows trained on, whose draws stand for p(y)."""

    rows: Tensor
    filled: Tensor

    def __init__(self, width: int, rows: int = 4096) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(rows, width, dtype=torch.uint8))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    def store(self, context: Tensor, step: Tensor) -> None:
        """Put a batch's contexts (b, width) where those of the oldest lie."""
        size = len(self.rows)
        place = (step * len(context) + torch.arange(len(context), device=context.device)) % size
        self.rows[place] = context.to(torch.uint8)
        self.filled.copy_((self.filled + len(context)).clamp(max=size))

    def sample(self, n: int) -> Tensor:
        """n contexts, with replacement: -> (n, width)."""
        chosen = torch.rand(n, device=self.rows.device) * self.filled.clamp(min=1)
        return self.rows[chosen.long()].float()


@final
class ConditionalASL(BaseASL):
    """p(y) p(u|y) p(x|u)  with  q(u|x) held fixed; y are classes or attributes."""

    def __init__(
        self,
        *,
        q_u: nn.Module,
        p_u: nn.Module,
        p_x: Regression,
        loss: ResidualLoss,
        noise: float,
        make_context: ContextFunction,
        width: int,
    ) -> None:
        """context makes of y what p(u|y) is given, (n, width)."""
        super().__init__(q_u=q_u, p_u=p_u, p_x=p_x, loss=loss, noise=noise)
        self.make_context, self.recent = make_context, RecentContexts(width)

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """As without y, but for the density's term, -log p(u|y)."""
        context = self.make_context(batch.y)
        self.recent.store(context, step)
        yield from self.make_moves(batch.x, context)

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """u ~ p(u|y), x = g(u): y (n,) classes or (n, k) attributes, p(y)'s when None."""
        context = self.recent.sample(n) if y is None else self.make_context(y)
        return self.sample_from_codes(self.p_u(context).sample())
