"""Families of the entries of a row: p(x|.) of bits, levels and proportions.

A family turns parameters (..., p) into a distribution of its entries (..., k) as a model sees them,
which is standardised. Entries that are NaN are unknown and summed out.
"""

from collections.abc import Callable, Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch import distributions as td
from torch.distributions import Distribution

from .scalars import (
    LOGISTIC_DEVIATION,
    DiscretizedLogistic,
    TruncatedNormal,
)

_INSIDE = 1e-4
"""Proportions of 0 and 1 are so far inside, where a beta density is finite."""


class ObservedEntries(Distribution):
    """Independent entries with densities in their own units, of which those that are NaN are not
    known.

    An entry's density is that of its own unit, so that probabilities of counts and levels sum to 1.
    """

    has_rsample = False

    def __init__(
        self,
        entries: Distribution,
        read: Callable[[Tensor], Tensor],
        write: Callable[[Tensor], Tensor],
    ) -> None:
        """entries: batch (..., k); read: seen (..., k) -> its own unit; write: the way back."""
        self.entries, self.read, self.write = entries, read, write
        shape = entries.batch_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        known = ~value.isnan()
        own = self.read(torch.where(known, value, 0.0))
        return torch.where(known, self.entries.log_prob(own), 0.0).sum(-1)

    @property
    def mean(self) -> Tensor:
        return self.write(self.entries.mean)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.write(self.entries.sample(torch.Size(sample_shape)))


class Scaled(nn.Module):
    """Entries that a model sees standardised; their own unit is seen * scale + shift."""

    shift: Tensor
    scale: Tensor

    def __init__(self, shift: Sequence[float], scale: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(shift), persistent=False)
        self.register_buffer("scale", torch.tensor(scale), persistent=False)

    def read(self, seen: Tensor) -> Tensor:
        """Entries (..., d), as a model sees them, in the column's own unit: -> (..., d)."""
        return seen * self.scale + self.shift

    def write(self, own: Tensor) -> Tensor:
        """Entries (..., d) in the column's own unit, as a model sees them: -> (..., d)."""
        return (own - self.shift) / self.scale

    def center_logit(self) -> Tensor:
        """Log-odds of the mean of the training rows, where that is between 0 and 1: -> (d,)."""
        return torch.logit(self.shift.clamp(0.01, 0.99))


@final
class Bits(Scaled):
    """Two values; parameters (..., k), log-odds over those of the training rows."""

    def forward(self, parameters: Tensor) -> ObservedEntries:
        bits = td.Bernoulli(logits=parameters + self.center_logit(), validate_args=False)
        return ObservedEntries(bits, lambda x: self.read(x).round().clamp(0, 1), self.write)


@final
class Levels(Scaled):
    """Whole levels 0, ..., top; parameters (..., 2k): location and log scale, standardised."""

    top: Tensor

    def __init__(
        self, shift: Sequence[float], scale: Sequence[float], top: Sequence[float]
    ) -> None:
        super().__init__(shift, scale)
        self.register_buffer("top", torch.tensor(top), persistent=False)

    def forward(self, parameters: Tensor) -> ObservedEntries:
        location, log_scale = parameters.chunk(2, -1)
        log_scale = log_scale.clamp(-5, 5) + (self.scale / LOGISTIC_DEVIATION).log()
        levels = DiscretizedLogistic(self.read(location), log_scale, self.top)
        return ObservedEntries(levels, self.read_level, self.write)

    def read_level(self, seen: Tensor) -> Tensor:
        """The nearest level of entries as a model sees them: (..., d) -> (..., d)."""
        return self.read(seen).round().clamp(min=0).minimum(self.top)


@final
class BetaProportions(Scaled):
    """Proportions; parameters (..., 2k): log-odds of the mean, and log precision.

    Both are over those of the training rows; alpha = mean * precision, beta = precision - alpha
    (Ferrari & Cribari-Neto, J. of Applied Statistics 2004).
    """

    def forward(self, parameters: Tensor) -> ObservedEntries:
        logits, log_precision = parameters.chunk(2, -1)
        middle = self.shift.clamp(0.01, 0.99)
        center = (middle * (1 - middle) / self.scale.square() - 1).clamp(min=0.1).log()
        mean = torch.sigmoid((logits + self.center_logit()).clamp(-7, 7))
        precision = (log_precision.clamp(-5, 5) + center).exp()
        beta = td.Beta(mean * precision, (1 - mean) * precision, validate_args=False)
        return ObservedEntries(beta, lambda x: self.read(x).clamp(_INSIDE, 1 - _INSIDE), self.write)


@final
class TruncatedProportions(Scaled):
    """Proportions, 0 and 1 among them; parameters (..., 2k): mean and log deviation of a Gaussian,
    standardised, of which [0, 1] is left."""

    def forward(self, parameters: Tensor) -> ObservedEntries:
        location, log_scale = parameters.chunk(2, -1)
        log_scale = log_scale.clamp(-5, 5) + self.scale.log()
        part = TruncatedNormal(self.read(location).clamp(-3, 4), log_scale)
        return ObservedEntries(part, lambda x: self.read(x).clamp(0, 1), self.write)
