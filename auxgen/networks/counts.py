"""Families of counts: Poisson, negative binomial, zero-inflated, and shares of a library size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Normal

from .columns import ObservedEntries, Scaled
from .distributions import ObservedNormal
from .scalars import ZeroInflated, negative_binomial, poisson


@dataclass(frozen=True)
class CountKind:
    """What a count is distributed by.

    Attributes:
        dispersed: Whether the variance is above the mean, a negative binomial's.
        inflated: Whether there are more zeros.
    """

    dispersed: bool
    inflated: bool

    @property
    def parameters(self) -> int:
        """Parameters of an entry."""
        return 1 + self.dispersed + self.inflated

    def make(self, mean: Tensor, rest: Sequence[Tensor]) -> Distribution:
        """Counts of a mean (..., k), by the other parameters, each (..., k).

        They are the log size, and the log-odds of a zero over those of 1 in 10.
        """
        counts = negative_binomial(mean, rest[0]) if self.dispersed else poisson(mean)
        return ZeroInflated(counts, rest[-1] - 2.2) if self.inflated else counts


@final
class Counts(Scaled):
    """Counts seen as log(1 + count), standardised; parameters (..., p k), log means first.

    Log means are over log(exp(shift) - 1), those of the training rows.
    """

    def __init__(self, shift: Sequence[float], scale: Sequence[float], kind: CountKind) -> None:
        super().__init__(shift, scale)
        self.kind = kind

    def forward(self, parameters: Tensor) -> ObservedEntries:
        log_mean, *rest = parameters.chunk(self.kind.parameters, -1)
        mean = (log_mean + self.center_log_mean()).clamp(max=20).exp()
        return ObservedEntries(self.kind.make(mean, rest), self.read_count, self.write_count)

    def center_log_mean(self) -> Tensor:
        """log of the count at which entries are centred: -> (d,)."""
        return torch.expm1(self.shift).clamp(min=1e-4).log()

    def read_count(self, seen: Tensor) -> Tensor:
        """Counts of entries log(1 + count), shifted and scaled: (..., d) -> (..., d)."""
        return torch.expm1(self.read(seen)).round().clamp(min=0)

    def write_count(self, count: Tensor) -> Tensor:
        """Counts as entries log(1 + count), shifted and scaled: (..., d) -> (..., d)."""
        return self.write(torch.log1p(count))


@final
class LibraryCounts(nn.Module):
    """Counts that share a row's library size, and that size, the last entry: parameters (..., p k).

    Counts are seen as log(1 + m count / size), m the size of a typical row, and the size as
    log(1 + size), both standardised. A count's mean is its share times the size, and shares, a
    softmax, sum to 1: p(x|.) = N(seen size; 0, 1) prod_i p(x_i|share_i, size).
    """

    def __init__(
        self,
        shift: Sequence[float],
        scale: Sequence[float],
        kind: CountKind,
        typical: float,
    ) -> None:
        """shift, scale: of the k counts, then of the size. typical: m."""
        super().__init__()
        self.counts = Counts(shift[:-1], scale[:-1], kind)
        self.size = Scaled(shift[-1:], scale[-1:])
        self.typical = typical

    def forward(self, parameters: Tensor) -> "LibraryRow":
        logits, *rest = parameters.chunk(self.counts.kind.parameters, -1)
        return LibraryRow(self, (logits + self.counts.center_log_mean()).softmax(-1), rest)

    def read_size(self, seen: Tensor) -> Tensor:
        """The library size of what is seen of it (..., 1)."""
        return torch.expm1(self.size.read(seen)).clamp(min=0)


@final
class LibraryRow(Distribution):
    """The counts of a row and their library size, see `LibraryCounts`."""

    def __init__(self, space: LibraryCounts, shares: Tensor, rest: Sequence[Tensor]) -> None:
        self.space, self.shares, self.rest = space, shares, rest
        event = torch.Size((shares.shape[-1] + 1,))
        super().__init__(shares.shape[:-1], event, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        seen, size = value[..., :-1], value[..., -1:]
        density = ObservedNormal(Normal(torch.zeros_like(size), 1.0, validate_args=False), 1)
        known = ~seen.isnan() & ~size.isnan()
        size_known = self.space.read_size(size.nan_to_num(0.0))
        u = self.space.counts.read(torch.where(known, seen, 0.0))
        counts = (torch.expm1(u) * size_known / self.space.typical).round().clamp(min=0)
        each = self._given(size_known).log_prob(counts)
        return torch.where(known, each, 0.0).sum(-1) + density.log_prob(size)

    def _given(self, size: Tensor) -> Distribution:
        """Counts of rows of this library size (..., 1)."""
        return self.space.counts.kind.make(self.shares * size, self.rest)

    @property
    def mean(self) -> Tensor:
        """Seen means: those of the counts are the same for every size."""
        typical = self.shares.new_full((*self.shares.shape[:-1], 1), self.space.typical)
        counts = self.space.counts.write_count(self._given(typical).mean)
        return torch.cat((counts, torch.zeros_like(typical)), -1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = torch.Size(sample_shape)
        seen = torch.randn(shape + self.batch_shape + (1,)).to(self.shares)
        size = self.space.read_size(seen)
        given = self._given(size).sample()
        counts = torch.log1p(given * self.space.typical / size.clamp(min=1e-6))
        return torch.cat((self.space.counts.write(counts), seen), -1)
