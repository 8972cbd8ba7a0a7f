"""Encoders without a density: codes can be drawn, which is all that auxiliary learning needs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.distributions.constraints import Constraint


class Unchecked(Distribution):
    """A distribution whose arguments nobody checks, as it is made of networks."""

    @property
    def arg_constraints(self) -> dict[str, Constraint]:
        return {}


@final
class Implicit(Unchecked):
    """u = f(x, e), e ~ N(0, I), for rows x (b, *event): draws (b, r), and no density."""

    has_rsample = True

    def __init__(self, encoder: ImplicitEncoder, x: Tensor) -> None:
        super().__init__(x.shape[:1], torch.Size((encoder.features,)), validate_args=False)
        self.encoder, self.x = encoder, x

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        x = self.x.expand(prod(sample_shape), *self.x.shape).flatten(0, 1)
        return self.at(x, torch.randn(len(x), self.encoder.noise, device=x.device)).view(
            *sample_shape, *self.batch_shape, *self.event_shape
        )

    @property
    def mean(self) -> Tensor:
        """f(x, 0), which stands for the mean: it is the mean where f is linear in e."""
        return self.at(self.x, self.x.new_zeros(len(self.x), self.encoder.noise))

    def at(self, x: Tensor, e: Tensor) -> Tensor:
        u: Tensor = self.encoder.network(x, e)
        return u.to(torch.promote_types(u.dtype, torch.float32))


@final
class ImplicitEncoder(nn.Module):
    """f(x, e): a network of rows x (b, *event) and noise e (b, n) gives codes (b, r)."""

    def __init__(self, network: nn.Module, *, features: int, noise: int) -> None:
        super().__init__()
        self.network, self.features, self.noise = network, features, noise

    def forward(self, x: Tensor) -> Implicit:
        return Implicit(self, x)


@final
class PointMass(Unchecked):
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
def standardised(network: nn.Module, x: Tensor) -> nn.Sequential:
    """A feature extractor whose codes of x (n, *event) have mean 0 and standard deviation 1.

    Densities start as N(0, I), and a person's features may be of any scale. In eval mode, as an
    encoder is held.
    """
    u: Tensor = network.eval()(x)
    scale = nn.BatchNorm1d(u.shape[1], eps=1e-12, momentum=1.0, affine=False)
    scale(u)
    return nn.Sequential(network, scale).eval()
