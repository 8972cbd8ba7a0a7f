"""Baselines of auxiliary supervised learning: a flow on x, and the two-stage VAE."""

from typing import final

from torch import Tensor, nn
from torch.distributions import Distribution

from ..method import Method, Moves, descend
from ..networks.densities import log_density
from .asl import CodeDensityMethod, importance_log_weights


@final
class FlowModel(Method):
    """A normalising flow on x itself: p(x), by a change of variables (figures 3, 8)."""

    def __init__(self, *, p_x: nn.Module) -> None:
        """p_x: p_x() is the density of x (b, d)."""
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
        """log p(x), repeated k times: (b, d) -> (k, b), nats."""
        return self.elbo(x).expand(k, -1)

    def sample(self, n: int) -> Tensor:
        """n draws of x: -> (n, d)."""
        return self.p_x().sample((n,))


@final
class TwoStageVAE(CodeDensityMethod):
    """The two-stage VAE (Dai & Wipf, ICLR 2019, arXiv:1903.05789): a density of a VAE's codes.

    q(u|x) and p(x|u) are a trained VAE's, held fixed, where ASL trains p(x|u) on codes of the rows;
    p(u) is in the paper a second VAE.
    """

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"density": (self.p_u,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """-log p(u) at new draws of the codes: x (b, *event)."""
        u = self.q_u(batch).sample()
        nll = -log_density(self.p_u(), u).mean()
        yield from descend(nll, "density", nll=nll)

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log p(u) p(x|u) / q(u|x) for k draws of u, nats: (b, *event) -> (k, b)."""
        return importance_log_weights(self.q_u(x), self.p_u(), self.p_x, x, k)

    def elbo(self, x: Tensor) -> Tensor:
        """One-sample bound on log p(x), nats: (b, *event) -> (b,)."""
        return self.log_weights(x, 1)[0]

    def sample_p_x(self, n: int) -> Distribution:
        """p(x|u) at n draws of u: -> batch (n,)."""
        return self.p_x(self.p_u().sample((n,)))

    def sample(self, n: int) -> Tensor:
        """Means of p(x|u) at n draws of u: -> (n, *event)."""
        return self.sample_p_x(n).mean
