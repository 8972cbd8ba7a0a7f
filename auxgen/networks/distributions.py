"""Networks that return distributions of torch, so that p(x|z) is written p_x(z)."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from math import sqrt, tau
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch import distributions as td
from torch.distributions import Categorical, Distribution, Independent, Normal

from ..context import set_within
from ..functional.precision import promote_to_float32
from .pairs import Repeated

VALIDATE = os.environ.get("AUXGEN_DEBUG", "0") != "0"
"""Whether distributions check their arguments; each check waits for the device."""
_CHECKS_ALLOWED: ContextVar[bool] = ContextVar("checks_allowed", default=True)

Family = Callable[[Tensor], Distribution]
"""Parameters (batch, ...) -> a distribution."""


def checks_arguments() -> bool:
    """Whether a distribution that is made now checks its arguments."""
    return VALIDATE and _CHECKS_ALLOWED.get()


def skip_argument_checks() -> AbstractContextManager[None]:
    """Make distributions inside without checks, which torch cannot carry out within `vmap`."""
    return set_within(_CHECKS_ALLOWED, False)


class Conditional(nn.Module):
    """p(. | given): `network` computes parameters, `family` turns them into a distribution.

    Densities are evaluated in float32 at least, whatever the network's precision.
    """

    def __init__(self, network: nn.Module, family: Family) -> None:
        super().__init__()
        self.network, self.family = network, family

    def forward(self, *given: Tensor | Repeated | None) -> Distribution:
        parameters: Tensor = self.network(*given)
        return self.family(promote_to_float32(parameters))


def diag_normal(parameters: Tensor) -> Independent:
    """N(mean, diag(std^2)) over the last dimension; parameters (..., 2d) = (mean, log std)."""
    mean, log_std = parameters.chunk(2, dim=-1)
    return normal(mean, log_std.exp(), 1)


def bounded_normal(parameters: Tensor) -> Independent:
    """`diag_normal` with log std in [-5, 5]: a density could otherwise grow without bound."""
    mean, log_std = parameters.chunk(2, dim=-1)
    return normal(mean, log_std.clamp(-5, 5).exp(), 1)


def normal(mean: Tensor, std: Tensor, event_dims: int) -> Independent:
    """N(mean, diag(std^2)) over the last `event_dims` dimensions."""
    return Independent(
        Normal(mean, std, validate_args=checks_arguments()), event_dims, checks_arguments()
    )


class BernoulliVector(Independent):
    """`Independent` bits, whose density is of logits in one pass and one sum."""

    def log_prob(self, value: Tensor) -> Tensor:
        if self.base_dist._validate_args:
            return super().log_prob(value)
        logits, value = torch.broadcast_tensors(self.base_dist.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none").sum(-1)


def bernoulli(logits: Tensor) -> BernoulliVector:
    """Independent bits over the last dimension; logits (..., d)."""
    return BernoulliVector(
        td.Bernoulli(logits=logits, validate_args=checks_arguments()), 1, checks_arguments()
    )


class ObservedNormal(Independent):
    """`Independent` normals of the entries of a row, of which those that are NaN are unknown.

    An unknown entry is summed out: independent given what they are conditioned on, the others have
    the density without its factor.
    """

    def log_prob(self, value: Tensor) -> Tensor:
        known = ~value.isnan()
        each: Tensor = self.base_dist.log_prob(torch.where(known, value, 0.0))
        dims = tuple(range(-self.reinterpreted_batch_ndims, 0))
        return torch.where(known, each, 0.0).sum(dims)


def observed_normal(parameters: Tensor) -> ObservedNormal:
    """`bounded_normal` of rows in which entries that are NaN are unknown."""
    mean, log_std = parameters.chunk(2, dim=-1)
    std = log_std.clamp(-5, 5).exp()
    return ObservedNormal(
        Normal(mean, std, validate_args=checks_arguments()), 1, checks_arguments()
    )


def categorical(logits: Tensor) -> Categorical:
    """One of k; logits (..., k)."""
    return Categorical(logits=logits, validate_args=checks_arguments())


class FixedScaleNormal(nn.Module):
    """N(mean, std^2 I) over the last `event_dims` dimensions, with a fixed `std`."""

    def __init__(self, std: float, event_dims: int = 1) -> None:
        super().__init__()
        self.std, self.event_dims = std, event_dims

    def forward(self, mean: Tensor) -> Independent:
        return normal(mean, torch.full_like(mean, self.std), self.event_dims)


class FixedScaleLaplace(nn.Module):
    """td.Laplace(mean, scale) over the last `event_dims` dimensions, `scale` fixed: an L1 error."""

    def __init__(self, scale: float, event_dims: int = 1) -> None:
        super().__init__()
        self.scale, self.event_dims = scale, event_dims

    def forward(self, mean: Tensor) -> Independent:
        each = td.Laplace(mean, torch.full_like(mean, self.scale), validate_args=checks_arguments())
        return Independent(each, self.event_dims, checks_arguments())


class LearnedScaleNormal(nn.Module):
    """N(mean, gamma^2 I) over the last `event_dims` dimensions, with one learned gamma.

    A `gamma` that starts above the data's own scale favours posterior collapse.
    """

    def __init__(self, gamma: float = 1.0, event_dims: int = 1) -> None:
        super().__init__()
        self.log_gamma = nn.Parameter(torch.tensor(gamma).log())
        self.event_dims = event_dims

    def forward(self, mean: Tensor) -> Independent:
        return normal(mean, self.log_gamma.exp().expand_as(mean), self.event_dims)


class FreeScaleNormal(nn.Module):
    """N(mean, diag(std^2)) over the last dimensions, with one learned std per entry for all x.

    Log standard deviations are clamped at -5, for entries that never change.
    """

    def __init__(self, shape: int | Sequence[int], std: float = 1.0) -> None:
        """shape: Last dimension or dimensions of the mean. std: Each entry's std at the start."""
        super().__init__()
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.log_std = nn.Parameter(torch.full(shape, std).log())

    def forward(self, mean: Tensor) -> Independent:
        std = self.log_std.clamp(min=-5).exp()
        return normal(mean, std.expand_as(mean), std.ndim)


class DegenerateNormal(Distribution):
    """All mass on one vector: N(mean, diag(std^2)) as std goes to 0.

    Its density counts as 1 there, so that the log-ratio of two equal points is 0, as is that of a
    normal with itself at every std.
    """

    has_rsample = True

    def __init__(self, mean: Tensor) -> None:
        """mean (..., d): batch (...), event (d,)."""
        self.location = mean
        super().__init__(mean.shape[:-1], mean.shape[-1:], validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.location

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.location.expand(*sample_shape, *self.location.shape)

    def log_prob(self, value: Tensor) -> Tensor:
        return torch.zeros_like(value[..., 0])


class MaskedNormal(nn.Module):
    """`bounded_normal` of the entries in a mask; the others are 0, with density 1.

    `keep` (d,) is a buffer, all true at the start: a stage of training may set it when it begins.
    """

    keep: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("keep", torch.ones(dim, dtype=torch.bool))

    def forward(self, parameters: Tensor) -> Independent:
        mean, log_std = parameters.chunk(2, dim=-1)
        std = log_std.clamp(-5, 5).exp()
        # at 0, the density of N(0, 1 / (2 pi)) is 1
        return normal(mean * self.keep, torch.where(self.keep, std, 1 / sqrt(tau)), 1)


@final
class Regression(nn.Module):
    """x = g(u) + e, e ~ N(0, diag s^2): s^2 are second moments of the residuals (section 2.3).

    These are running statistics like batch norm's, estimated again for the moving average of g.
    """

    def __init__(self, g: nn.Module, entries: int, *, floor: float = 1e-3) -> None:
        """g: u (b, r) -> (b, *event); entries: number; floor: least s, of constant pixels."""
        super().__init__()
        self.g, self.floor = g, floor
        self.moments = nn.BatchNorm1d(entries, affine=False)

    def track_residual(self, x: Tensor, u: Tensor) -> Tensor:
        """x - g(u), after an update of its running moments."""
        residual = x - self.g(u)
        self.moments(residual.detach().flatten(1))
        return residual

    def forward(self, u: Tensor) -> Independent:
        """p(x|u): u (b, r) -> batch (b,)."""
        mean: Tensor = self.g(u)
        mean = promote_to_float32(mean)
        return normal(mean, self.s().view(mean.shape[1:]).expand_as(mean), mean.ndim - 1)

    def s(self) -> Tensor:
        """Standard deviations of the residuals: -> (entries,)."""
        mean, variance = self.moments.running_mean, self.moments.running_var
        assert mean is not None
        assert variance is not None
        return (variance + mean.square()).sqrt().clamp(min=self.floor)
