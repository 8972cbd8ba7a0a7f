"""Encoders without a density: codes can be drawn, which is all that auxiliary learning needs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.distributions.constraints import Constraint

from ..errors import InputError
from ..functional.precision import promote_to_float32


class UnvalidatedDistribution(Distribution):
    """A distribution whose arguments nobody checks, as it is made of networks."""

    @property
    def arg_constraints(self) -> dict[str, Constraint]:
        return {}


@final
class ImplicitDistribution(UnvalidatedDistribution):
    """u = f(x, e), e ~ N(0, I), for rows x (b, *event): draws (b, r), and no density."""

    has_rsample = True

    def __init__(self, encoder: ImplicitEncoder, x: Tensor) -> None:
        super().__init__(x.shape[:1], torch.Size((encoder.features,)), validate_args=False)
        self.encoder, self.x = encoder, x

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        x = self.x.expand(prod(sample_shape), *self.x.shape).flatten(0, 1)
        return self.compute_code(x, torch.randn(len(x), self.encoder.noise, device=x.device)).view(
            *sample_shape, *self.batch_shape, *self.event_shape
        )

    @property
    def mean(self) -> Tensor:
        """f(x, 0), which stands for the mean: it is the mean where f is linear in e."""
        return self.compute_code(self.x, self.x.new_zeros(len(self.x), self.encoder.noise))

    def compute_code(self, x: Tensor, e: Tensor) -> Tensor:
        u: Tensor = self.encoder.network(x, e)
        return promote_to_float32(u)


@final
class ImplicitEncoder(nn.Module):
    """f(x, e): a network of rows x (b, *event) and noise e (b, n) gives codes (b, r)."""

    def __init__(self, network: nn.Module, *, features: int, noise: int) -> None:
        super().__init__()
        self.network, self.features, self.noise = network, features, noise

    def forward(self, x: Tensor) -> ImplicitDistribution:
        return ImplicitDistribution(self, x)


@final
class PointMass(UnvalidatedDistribution):
    """All probability at u (b, r): the family of an encoder that is a function of x."""

    has_rsample = True

    def __init__(self, u: Tensor) -> None:
        super().__init__(u.shape[:1], u.shape[1:], validate_args=False)
        self.u = u

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.u.expand(*sample_shape, *self.u.shape)

    @property
    def mean(self) -> Tensor:
        return self.u


@torch.no_grad()
def fit_whitening(layer: nn.Linear, u: Tensor) -> None:
    """Let a layer make codes of mean 0 and covariance I, along directions in which u varies most.

    Densities start as N(0, I), and a person's features may be of any scale, and more than are
    wanted.

    Args:
        layer: From codes (n, d) to (n, r).
        u: Codes of training rows (n, d).

    Raises:
        InputError: They vary in fewer than r directions.
    """
    centred = u.double() - u.double().mean(0)
    _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
    varying = int((singular > 1e-6 * singular[0]).sum())
    r = layer.out_features
    if varying < r:
        raise InputError(
            f"The encoder's codes of {len(u)} rows vary in {varying} directions; at least the "
            f"{r} of the code are wanted."
        )
    weight = directions[:r] * (len(u) - 1) ** 0.5 / singular[:r, None]
    layer.weight.copy_(weight)
    layer.bias.copy_(-weight @ u.double().mean(0))
