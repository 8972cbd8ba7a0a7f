"""Encoders without a density: auxiliary learning needs only draws of codes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.distributions.constraints import Constraint

from ..data.dataset import Preprocessor
from ..errors import InputError
from ..functional.precision import promote_to_float32
from ..method import Encodes, Extracts, Method, require


class UnvalidatedDistribution(Distribution):
    """A distribution made of networks, whose arguments are not checked."""

    @property
    def arg_constraints(self) -> dict[str, Constraint]:
        return {}


@final
class ImplicitDistribution(UnvalidatedDistribution):
    """u = f(x, e), e ~ N(0, I), for rows x (b, *event): draws (b, r) without a density."""

    has_rsample = True

    def __init__(self, encoder: ImplicitEncoder, x: Tensor) -> None:
        super().__init__(x.shape[:1], torch.Size((encoder.features,)), validate_args=False)
        self.encoder, self.x = encoder, x

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        x = self.x.expand(prod(sample_shape), *self.x.shape).flatten(0, 1)
        e = torch.randn(len(x), self.encoder.noise, device=x.device)
        return self.compute_code(x, e).view(*sample_shape, *self.batch_shape, *self.event_shape)

    @property
    def mean(self) -> Tensor:
        """f(x, 0), in place of the mean, which it is where f is linear in e."""
        return self.compute_code(self.x, self.x.new_zeros(self.x.shape[0], self.encoder.noise))

    def compute_code(self, x: Tensor, e: Tensor) -> Tensor:
        u: Tensor = self.encoder.network(x, e)
        return promote_to_float32(u)


@final
class ImplicitEncoder(nn.Module):
    """f(x, e), a network of rows x (b, *event) and noise e (b, n) -> codes (b, r)."""

    def __init__(self, network: nn.Module, *, features: int, noise: int) -> None:
        super().__init__()
        self.network, self.features, self.noise = network, features, noise

    def forward(self, x: Tensor) -> ImplicitDistribution:
        return ImplicitDistribution(self, x)


@final
class PointMass(UnvalidatedDistribution):
    """All probability at u (b, r), for an encoder that is a function of x."""

    has_rsample = True

    def __init__(self, u: Tensor) -> None:
        super().__init__(u.shape[:1], u.shape[1:], validate_args=False)
        self.u = u

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.u.expand(*sample_shape, *self.u.shape)

    @property
    def mean(self) -> Tensor:
        return self.u


@final
class PretrainedEncoder(nn.Module):
    """Another model as an encoder (ASL, section 3.3): its features, or draws of its codes.

    raw rows (b, *event) -> (b, d).
    """

    def __init__(self, method: Method, space: Preprocessor) -> None:
        """space: How the model sees raw rows."""
        super().__init__()
        self.method, self.space = method.eval().requires_grad_(False), space

    def forward(self, raw: Tensor) -> Tensor:
        x = self.space.transform(raw)
        if isinstance(self.method, Extracts):
            return self.method.features(x)
        return require(self.method, Encodes).encode(x).sample()


@torch.no_grad()
def fit_whitening(layer: nn.Linear, u: Tensor) -> None:
    """Set a layer, of codes u (n, d) -> (n, r), so that its outputs have mean 0 and covariance I.

    They are the r directions in which u, of training rows, varies most. Densities start as N(0, I),
    while a person's features may have any scale, and more dimensions than the code.

    Raises:
        InputError: The codes vary in fewer than r directions.
    """
    centred = u.double() - u.double().mean(0)
    _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
    varying = int((singular > 1e-6 * singular[0]).sum())
    r = layer.out_features
    if varying < r:
        found = f"The encoder's codes of {len(u)} rows vary in {varying} directions"
        raise InputError(f"{found}; at least {r} are expected.")
    weight = directions[:r] * (len(u) - 1) ** 0.5 / singular[:r, None]
    layer.weight.copy_(weight)
    layer.bias.copy_(-weight @ u.double().mean(0))
