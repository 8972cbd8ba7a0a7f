"""The two-stage VAE (Dai & Wipf, ICLR 2019, arXiv:1903.05789): a density of a VAE's codes."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.distributions import Distribution

from ..method import Method, Moves, descend
from ..networks.densities import log_density
from ..networks.distributions import Conditional
from .asl import importance_log_weights


@final
class TwoStageVAE(Method):
    """p(u) p(x|u)  with  q(u|x): encoder and decoder are a trained VAE's, and are held fixed.

    What ASL adds to it is the training of the decoder on codes of the rows.
    """

    def __init__(self, *, q_u: Conditional, p_u: nn.Module, p_x: Conditional) -> None:
        """p_u: density of the codes, in the paper a second VAE."""
        super().__init__()
        self.q_u, self.p_u, self.p_x = q_u, p_u, p_x

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"density": (self.p_u,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """-log p(u), codes drawn afresh: x (b, *event)."""
        u = self.q_u(batch).sample()
        nll = -log_density(self.p_u(), u).mean()
        yield from descend(nll, "density", nll=nll)

    def encode(self, x: Tensor) -> Distribution:
        """q(u|x): (b, *event) -> batch (b,)."""
        return self.q_u(x)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|u), to which a label adds nothing: z (b, r) -> batch (b,)."""
        del y
        return self.p_x(z)

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log p(u) p(x|u) / q(u|x) for k draws of u, nats: (b, *event) -> (k, b)."""
        return importance_log_weights(self.q_u(x), self.p_u(), self.p_x, x, k)

    def elbo(self, x: Tensor) -> Tensor:
        """One-sample bound on log p(x), nats: (b, *event) -> (b,)."""
        return self.log_weights(x, 1)[0]

    def sample(self, n: int) -> Tensor:
        """Means of p(x|u) at n draws of u: -> (n, *event)."""
        return self.p_x(self.p_u().sample((n,))).mean
