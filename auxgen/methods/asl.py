"""Auxiliary supervised learning (anonymous, 2022, https://openreview.net/forum?id=Zwy3usE9RxT)."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent

from ..method import Gradient, Method, Moves, Step
from ..networks.densities import log_density
from ..networks.regression import Regression

ResidualLoss = Callable[[Tensor], Tensor]
"""Residuals x - g(u) (b, *event) -> (b,)."""


def sum_of_squares(residual: Tensor) -> Tensor:
    """|x - g(u)|_2^2: (b, *event) -> (b,)."""
    return residual.flatten(1).square().sum(1)


def sum_of_magnitudes(residual: Tensor) -> Tensor:
    """|x - g(u)|_1: (b, *event) -> (b,)."""
    return residual.flatten(1).abs().sum(1)


class BaseASL(Method):
    """p(u) p(x|u)  with  q(u|x) held fixed: what the methods of this file share."""

    def __init__(
        self, *, q_u: nn.Module, p_u: nn.Module, p_x: Regression, loss: ResidualLoss, noise: float
    ) -> None:
        """noise: how much of the residuals' scale sampling adds; the paper's images have 0."""
        super().__init__()
        self.q_u, self.p_u, self.p_x = q_u, p_u, p_x
        self.loss, self.noise = loss, noise

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"density": (self.p_u,), "generator": (self.p_x,)}

    def make_moves(self, x: Tensor, context: Tensor | None) -> Moves:
        """Algorithm 1: stages II and III side by side, codes drawn afresh: x (b, *event)."""
        u = self.q_u(x).sample()
        nll = -log_density(self.p_u(context), u).mean()
        yield Gradient(nll, ("density",), {"nll": nll})

        error = self.loss(self.p_x.track_residual(x, u)).mean()
        yield Gradient(error, ("generator",), {"error": error})

        yield Step(("density", "generator"))

    def encode(self, x: Tensor) -> Distribution:
        """q(u|x): (b, *event) -> batch (b,)."""
        return self.q_u(x)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x|u), to which a label adds nothing: z (b, r) -> batch (b,)."""
        del y
        return self.p_x(z)

    def sample_from_codes(self, u: Tensor) -> Tensor:
        """x at codes u (n, r): g(u), and as much of the residual noise as is asked for."""
        p_x = self.p_x(u)
        return p_x.mean + self.noise * p_x.stddev * torch.randn_like(p_x.mean)


@final
class ImplicitASL(BaseASL):
    """q(u|x) of which codes can be drawn: MI-ASL, and encoders without a decoder (section 3.3)."""

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        yield from self.make_moves(batch, None)

    def sample(self, n: int) -> Tensor:
        """u ~ p(u), x = g(u), and residual noise where asked for: -> (n, *event)."""
        return self.sample_from_codes(self.p_u().sample((n,)))


@final
class ExplicitASL(BaseASL):
    """q(u|x) whose density is known: VAE-ASL, which bounds log p(x)."""

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        yield from self.make_moves(batch, None)

    def sample(self, n: int) -> Tensor:
        """u ~ p(u), x = g(u), and residual noise where asked for: -> (n, *event)."""
        return self.sample_from_codes(self.p_u().sample((n,)))

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
    u = q_u.sample(torch.Size((k,)))
    rows = x.expand(k, *x.shape).flatten(0, 1)
    log_p_x: Tensor = p_x(u.flatten(0, 1)).log_prob(rows)
    return log_density(p_u, u) + log_p_x.view(k, len(x)) - q_u.log_prob(u)
