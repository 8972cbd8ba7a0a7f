"""A normalising flow on x itself, the baseline of auxiliary supervised learning (figures 3, 8)."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from ..method import Method, Moves, descend
from ..networks.densities import log_density


@final
class FlowModel(Method):
    """p(x), by a change of variables."""

    def __init__(self, *, p_x: nn.Module) -> None:
        """p_x() is the density of x (b, d)."""
        super().__init__()
        self.p_x = p_x

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"flow": (self.p_x,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """-log p(x), nats: batch (b, d)."""
        nll = -self.elbo(batch).mean()
        yield from descend(nll, "flow", nll=nll)

    def elbo(self, x: Tensor) -> Tensor:
        """log p(x), the tightest of bounds, nats: (b, d) -> (b,)."""
        return log_density(self.p_x(), x)

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log p(x), k times over: (b, d) -> (k, b), nats."""
        return self.elbo(x).expand(k, -1)

    def sample(self, n: int) -> Tensor:
        """n draws of x: -> (n, d)."""
        return self.p_x().sample((n,))
