"""Distributions of one number that torch has not: counts with more zeros, levels, and an interval.

Batch shapes are those of the parameters, events are single numbers.
"""

from collections.abc import Sequence
from math import log, pi, sqrt, tau
from typing import final

import torch
from torch import Tensor
from torch import distributions as td
from torch.distributions import Distribution
from torch.nn.functional import logsigmoid

_SMALLEST = 1e-6
"""Least mean of a count: at 0 its logarithm has no gradient."""


def poisson(mean: Tensor) -> td.Poisson:
    """Counts with variances as large as their means: mean (...,) -> batch (...,)."""
    return td.Poisson(mean.clamp(min=_SMALLEST), validate_args=False)


def negative_binomial(mean: Tensor, log_size: Tensor) -> td.NegativeBinomial:
    """Counts with variances mean + mean^2 / size, the size bounded by exp(+-7).

    mean and log_size (...,) -> batch (...,).
    """
    log_size = log_size.clamp(-7, 7)
    logits = mean.clamp(min=_SMALLEST).log() - log_size
    return td.NegativeBinomial(log_size.exp(), logits=logits, validate_args=False)


@final
class ZeroInflated(Distribution):
    """0 with probability sigmoid(logits), else a count, which may be 0 as well."""

    def __init__(self, counts: Distribution, logits: Tensor) -> None:
        self.counts, self.logits = counts, logits
        super().__init__(logits.shape, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        counted = logsigmoid(-self.logits) + self.counts.log_prob(value)
        return torch.where(value == 0, torch.logaddexp(logsigmoid(self.logits), counted), counted)

    @property
    def mean(self) -> Tensor:
        return torch.sigmoid(-self.logits) * self.counts.mean

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        drawn = self.counts.sample(torch.Size(sample_shape))
        return drawn * torch.bernoulli(torch.sigmoid(-self.logits).expand_as(drawn))


@final
class DiscretizedLogistic(Distribution):
    """Whole levels 0, ..., top: a logistic number, rounded to the nearest of them.

    P(k) is the logistic's probability of (k - 1/2, k + 1/2), of which the lowest and the highest
    level have all that lies beyond (Salimans et al., ICLR 2017, arXiv:1701.05517, eq. 2).
    """

    def __init__(self, location: Tensor, log_scale: Tensor, top: Tensor) -> None:
        """The logistic's location and scale, and the highest level, whole: shapes broadcast."""
        self.location, self.top = location, top
        self.scale = log_scale.exp()
        super().__init__(location.shape, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        upper = (value + 0.5 - self.location) / self.scale
        lower = (value - 0.5 - self.location) / self.scale
        # sigmoid(u) - sigmoid(l) = sigmoid(u) sigmoid(-l) (1 - exp(l - u))
        width = (1 / self.scale).expand_as(upper)
        between = logsigmoid(upper) + logsigmoid(-lower) + torch.log(-torch.expm1(-width))
        ends = torch.where(value <= 0, logsigmoid(upper), logsigmoid(-lower))
        return torch.where((value > 0) & (value < self.top), between, ends)

    @property
    def mean(self) -> Tensor:
        """The sum of P(level >= k) over k = 1, ..., top."""
        k = torch.arange(1, int(self.top.max()) + 1).to(self.location)
        above = torch.sigmoid((self.location.unsqueeze(-1) - k + 0.5) / self.scale.unsqueeze(-1))
        return (above * (k <= self.top.unsqueeze(-1))).sum(-1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = torch.Size(sample_shape) + self.location.shape
        uniform = torch.rand(shape).to(self.location).clamp(1e-7, 1 - 1e-7)
        drawn = self.location + self.scale * torch.logit(uniform)
        return drawn.round().clamp(min=0).minimum(self.top.expand(shape))


@final
class TruncatedNormal(Distribution):
    """N(location, scale^2), given that it lies in [0, 1]."""

    def __init__(self, location: Tensor, log_scale: Tensor) -> None:
        self.location, self.scale = location, log_scale.exp()
        super().__init__(location.shape, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        z = (value - self.location) / self.scale
        return -0.5 * (z.square() + log(tau)) - self.scale.log() - self._log_mass()

    @property
    def mean(self) -> Tensor:
        """location + scale (phi(a) - phi(b)) / (Phi(b) - Phi(a)), a, b the standardised ends."""
        a, b = self._ends()
        log_mass = self._log_mass()
        first, last = (torch.exp(-0.5 * (e.square() + log(tau)) - log_mass) for e in (a, b))
        return (self.location + self.scale * (first - last)).clamp(0, 1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """By inversion, on the side of the mean where the distribution function is not near 1."""
        a, b = self._ends()
        flip = a + b > 0
        low, high = torch.where(flip, -b, a), torch.where(flip, -a, b)
        shape = torch.Size(sample_shape) + self.location.shape
        uniform = torch.rand(shape).to(self.location)
        log_low, log_mass = _log_cdf(low), self._log_mass()
        log_p = torch.logaddexp(log_low, uniform.log() + log_mass)
        z = _invert_log_cdf(log_p).clamp(low.expand(shape), high.expand(shape))
        z = torch.where(flip, -z, z)
        return (self.location + self.scale * z).clamp(0, 1)

    def _ends(self) -> tuple[Tensor, Tensor]:
        return -self.location / self.scale, (1 - self.location) / self.scale

    def _log_mass(self) -> Tensor:
        """log(Phi(b) - Phi(a)), the smaller tails taken: they are exact where 1 - Phi is not."""
        a, b = self._ends()
        flip = a + b > 0
        low, high = torch.where(flip, -b, a), torch.where(flip, -a, b)
        log_low, log_high = _log_cdf(low), _log_cdf(high)
        return log_high + torch.log(-torch.expm1((log_low - log_high).clamp(max=-1e-7)))


def _log_cdf(z: Tensor) -> Tensor:
    """log Phi(z), as `torch.special.log_ndtr`, which has no rule for `vmap`."""
    below, above = z.clamp(max=0) / sqrt(2), z.clamp(min=0) / sqrt(2)
    log_below = torch.log(torch.special.erfcx(-below) / 2) - below.square()
    return torch.where(z < 0, log_below, torch.log1p(-torch.special.erfc(above) / 2))


def _invert_log_cdf(log_p: Tensor) -> Tensor:
    """z with log Phi(z) = log_p: Newton's steps from an approximation of the tail."""
    near = torch.special.ndtri(log_p.clamp(min=-10).exp().clamp(max=1 - 1e-7))
    far = -torch.sqrt((-2 * log_p - log(tau) - 2 * torch.log(torch.sqrt(-2 * log_p))).clamp(min=1))
    z = torch.where(log_p < -10, far, near)
    for _ in range(4):
        log_cdf = _log_cdf(z)
        slope = torch.exp(-0.5 * (z.square() + log(tau)) - log_cdf)
        z = torch.where(log_p < -5, z - (log_cdf - log_p) / slope.clamp(min=1e-12), z)
    return z


LOGISTIC_DEVIATION = pi / sqrt(3)
"""Standard deviation of a logistic of scale 1."""
