"""Priors of codes and of classes, which move to a device with their method."""

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor, nn
from torch import distributions as td
from torch.distributions import Categorical, Independent, Normal, register_kl

from ..errors import InputError
from .distributions import categorical, checks_arguments


class UnitNormal(Normal):
    """N(0, 1), to which the KL divergence of a normal takes fewer operations."""


@register_kl(Normal, UnitNormal)
def _kl_to_unit_normal(q: Normal, p: UnitNormal) -> Tensor:
    del p
    variance = q.scale.pow(2)
    return 0.5 * (variance + q.loc.pow(2) - 1 - variance.log())


class StandardNormal(nn.Module):
    """p(z) = N(0, I), which moves to a device with its method."""

    zeros: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("zeros", torch.zeros(dim))

    def forward(self) -> Independent:
        ones, checks = torch.ones_like(self.zeros), checks_arguments()
        return Independent(UnitNormal(self.zeros, ones, validate_args=checks), 1, checks)


class ClassPrior(nn.Module):
    """p(y) = Cat(prior), and classes as one-hot vectors; moves to a device with its method."""

    every: Tensor
    log_prior: Tensor

    def __init__(self, k: int, prior: Sequence[float] | None = None) -> None:
        """prior: Probabilities of the k classes, above 0; None for 1/k each.

        Raises:
            InputError: The prior is no such distribution.
        """
        super().__init__()
        self.is_uniform = prior is None
        if prior is not None and not _is_positive_distribution(prior, k):
            raise InputError(
                f"class_prior is {prior!r}; expected {k} probabilities above 0 that sum to 1."
            )
        each = torch.full((k,), -log(k)) if prior is None else torch.tensor(prior).log()
        self.log_uniform = -log(k)
        self.register_buffer("log_prior", each, persistent=False)
        self.register_buffer("every", torch.eye(k), persistent=False)

    def forward(self) -> Categorical:
        return categorical(torch.zeros_like(self.every[0]) if self.is_uniform else self.log_prior)

    def log_prob(self, y: Tensor) -> Tensor | float:
        """log p(y) of one-hot classes (..., k) -> (...,); one number where all are as probable."""
        return self.log_uniform if self.is_uniform else y @ self.log_prior

    def one_hot(self, y: Tensor) -> Tensor:
        """y (...,) class indices -> (..., k)."""
        return self.every[y]


def _is_positive_distribution(prior: Sequence[float], k: int) -> bool:
    return len(prior) == k and all(p > 0 for p in prior) and abs(sum(prior) - 1) < 1e-3


class UniformCube(nn.Module):
    """p(z) uniform on (-1, 1)^dim, which moves to a device with its method."""

    ones: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("ones", torch.ones(dim), persistent=False)

    def forward(self) -> Independent:
        return Independent(
            td.Uniform(-self.ones, self.ones, validate_args=checks_arguments()),
            1,
            checks_arguments(),
        )
