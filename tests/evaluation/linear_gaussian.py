"""A model whose likelihood is known exactly: p(z) = N(0, I), p(x|z) = N(Wz, s^2 I)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal

from auxgen.method import Method, Moves


class LinearGaussian(Method):
    """q(z|x) is the true posterior with its covariance times `width`."""

    w: Tensor

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        w = torch.randn(3, 2, generator=generator, dtype=torch.float64)
        self.register_buffer("w", w)
        self.width, self.noise = width, 0.5
        self.covariance = torch.linalg.inv(torch.eye(2) + w.T @ w / self.noise**2)

    def players(self):
        return {}

    def round(self, batch, step) -> Moves:
        raise NotImplementedError

    def p_x(self) -> Distribution:
        """The evidence, in closed form."""
        covariance = self.w @ self.w.T + self.noise**2 * torch.eye(3)
        return MultivariateNormal(torch.zeros(3, dtype=torch.float64), covariance)

    def encode(self, x: Tensor) -> Distribution:
        mean = x @ self.w @ self.covariance / self.noise**2
        return MultivariateNormal(mean, self.width * self.covariance)

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        q_z = self.encode(x)
        z = q_z.rsample((k,))
        prior = MultivariateNormal(torch.zeros(2).double(), torch.eye(2).double())
        given = MultivariateNormal(z @ self.w.T, self.noise**2 * torch.eye(3).double())
        return prior.log_prob(z) + given.log_prob(x) - q_z.log_prob(z)

    def elbo(self, x: Tensor) -> Tensor:
        return self.log_weights(x, 1).squeeze(0)


class Tabled:
    """Returns a table of log weights (k, n) in order, for all n rows at once."""

    def __init__(self, log_w: Tensor) -> None:
        self.log_w, self.given = log_w, 0

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        rows = self.log_w[self.given : self.given + k]
        self.given += k
        return rows
