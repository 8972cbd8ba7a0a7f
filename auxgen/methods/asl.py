"""Auxiliary supervised learning (anonymous, 2022, https://openreview.net/forum?id=Zwy3usE9RxT)."""

from abc import ABC
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..method import Gradient, Method, Moves, Step
from ..networks.densities import log_density
from ..networks.distributions import Conditional, Regression

ResidualLoss = Callable[[Tensor], Tensor]
"""Residuals x - g(u) (b, *event) -> (b,)."""


def sum_of_squares(residual: Tensor) -> Tensor:
    """|x - g(u)|_2^2: (b, *event) -> (b,)."""
    return residual.flatten(1).square().sum(1)


def sum_of_magnitudes(residual: Tensor) -> Tensor:
    """|x - g(u)|_1: (b, *event) -> (b,)."""
    return residual.flatten(1).abs().sum(1)


class CodeDensityMethod(Method, ABC):
    """p(u) p(x|u)  with  q(u|x) held fixed, and p(u) a density that is learned."""

    def __init__(self, *, q_u: nn.Module, p_u: nn.Module, p_x: nn.Module) -> None:
        super().__init__()
        self.q_u, self.p_u, self.p_x = q_u, p_u, p_x

    def encode(self, x: Tensor) -> Distribution:
        """q(u|x): (b, *event) -> batch (b,)."""
        return self.q_u(x)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|u), which ignores a label: z (b, r) -> batch (b,)."""
        del y
        return self.p_x(z)


class BaseASL(CodeDensityMethod, ABC):
    """Auxiliary supervised learning of p(u) and p(x|u): the common part of its methods."""

    p_x: Regression | Conditional

    def __init__(
        self,
        *,
        q_u: nn.Module,
        p_u: nn.Module,
        p_x: Regression | Conditional,
        loss: ResidualLoss,
        noise: float,
    ) -> None:
        """Takes the networks, and what the generator learns by.

        Args:
            p_x: A regression; or of other likelihoods than the paper's, any p(x|u).
            loss: Of a regression's residuals; any other p(x|u) learns by -log p(x|u).
            noise: Factor on the residuals' scale in sampling, 0 for the paper's images; any other
                p(x|u) is drawn from where it is above 0.
        """
        super().__init__(q_u=q_u, p_u=p_u, p_x=p_x)
        self.loss, self.noise = loss, noise

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"density": (self.p_u,), "generator": (self.p_x,)}

    def make_moves(self, x: Tensor, context: Tensor | None) -> Moves:
        """Algorithm 1, stages II and III side by side, on new draws of codes: x (b, *event)."""
        u = self.q_u(x).sample()
        nll = -log_density(self.p_u(context), u).mean()
        yield Gradient(nll, ("density",), {"nll": nll})

        error = self.measure_error(x, u).mean()
        yield Gradient(error, ("generator",), {"error": error})

        yield Step(("density", "generator"))

    def measure_error(self, x: Tensor, u: Tensor) -> Tensor:
        """What the generator learns by, at codes u (b, r) of x (b, *event): -> (b,)."""
        if isinstance(self.p_x, Regression):
            return self.loss(self.p_x.track_residual(x, u))
        return -self.p_x(u).log_prob(x)

    def sample_from_codes(self, u: Tensor) -> Tensor:
        """x at codes u (n, r): g(u), with residual noise times the factor `noise`."""
        p_x = self.p_x(u)
        if not isinstance(self.p_x, Regression):
            return p_x.sample() if self.noise else p_x.mean
        return p_x.mean + self.noise * p_x.stddev * torch.randn_like(p_x.mean)


class UnconditionalASL(BaseASL):
    """ASL of rows without labels or attributes."""

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        yield from self.make_moves(batch, None)

    def sample_p_x(self, n: int) -> Distribution:
        """p(x|u) at n draws of u: -> batch (n,)."""
        return self.p_x(self.p_u().sample((n,)))

    def sample(self, n: int) -> Tensor:
        """u ~ p(u), x = g(u), with residual noise where `noise` > 0: -> (n, *event)."""
        return self.sample_from_codes(self.p_u().sample((n,)))


@final
class ImplicitASL(UnconditionalASL):
    """q(u|x) known only by its draws: MI-ASL, and encoders without a decoder (section 3.3)."""


@final
class ExplicitASL(UnconditionalASL):
    """q(u|x) with a known density: VAE-ASL, which bounds log p(x)."""

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log p(u) p(x|u) / q(u|x) for k draws of u, nats: (b, *event) -> (k, b)."""
        return importance_log_weights(self.q_u(x), self.p_u(), self.p_x, x, k)

    def elbo(self, x: Tensor) -> Tensor:
        """One-sample bound on log p(x), nats: (b, *event) -> (b,)."""
        return self.log_weights(x, 1)[0]


def importance_log_weights(
    q_u: Distribution, p_u: Distribution, p_x: nn.Module, x: Tensor, k: int
) -> Tensor:
    """log p(u) p(x|u) / q(u|x) for k draws of u from q_u: x (b, *event) -> (k, b), nats."""
    u = q_u.rsample(torch.Size((k,)))
    rows = x.expand(k, *x.shape).flatten(0, 1)
    log_p_x: Tensor = p_x(u.flatten(0, 1)).log_prob(rows)
    return log_density(p_u, u) + log_p_x.view(k, len(x)) - q_u.log_prob(u)
