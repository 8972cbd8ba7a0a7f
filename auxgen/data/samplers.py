"""Indices of the rows of each batch: a stream is a function of (seed, rank, step)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import torch
from torch import Tensor

from ..rng import derive_seed


@dataclass(eq=False)
class ShuffledSampler:
    """Indices of rows, epoch after epoch of seeded permutations without a seam.

    Rank r of R takes positions [(t R + r) b, (t R + r + 1) b) of the concatenated permutations at
    step t: within an epoch no row is lost or doubled, whatever the batch, and batches never shrink.
    """

    row_count: int
    batch: int
    seed: int
    cached_permutation: dict[int, Tensor] = field(default_factory=dict, repr=False)

    def __call__(self, step: int, rank: int = 0, ranks: int = 1) -> Tensor:
        """The rows of one batch: -> (batch,) int64."""
        start = (step * ranks + rank) * self.batch
        stop = start + self.batch
        parts = []
        while start < stop:
            epoch, place = divmod(start, self.row_count)
            parts.append(self.draw_permutation(epoch)[place : stop - epoch * self.row_count])
            start += len(parts[-1])
        return torch.cat(parts)

    def draw_permutation(self, epoch: int) -> Tensor:
        if epoch not in self.cached_permutation:
            generator = torch.Generator().manual_seed(derive_seed(self.seed, epoch))
            self.cached_permutation = {epoch: torch.randperm(self.row_count, generator=generator)}
        return self.cached_permutation[epoch]


@dataclass(eq=False)
class BalancedSampler:
    """Indices of labelled rows: all in every batch when they fit, else balanced over classes.

    When they do not fit, each class has a stream of its own and takes turns in a batch; every rank
    sees labelled rows of its own draw.
    """

    y: Tensor
    batch: int
    seed: int
    class_samplers: list[tuple[Tensor, ShuffledSampler]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        classes = self.y.unique().tolist()
        rows = [(self.y == c).nonzero().flatten() for c in classes]
        share = -(-self.batch // len(rows))
        self.class_samplers = [
            (own, ShuffledSampler(len(own), share, derive_seed(self.seed, int(c))))
            for c, own in zip(classes, rows, strict=True)
        ]

    def __call__(self, step: int, rank: int = 0, ranks: int = 1) -> Tensor:
        """The rows of one batch: -> (min(batch, rows),) int64."""
        if len(self.y) <= self.batch:
            return torch.arange(len(self.y))
        each = [own[stream(step, rank, ranks)] for own, stream in self.class_samplers]
        turn = (step * ranks + rank) % len(each)
        return torch.stack(each, 1).roll(turn, 1).flatten()[: self.batch]


@dataclass(eq=False)
class WeightedSampler:
    """Indices of rows that count more or less than once, epoch after epoch.

    A row of weight w is in each epoch w times, where w is whole; else floor(w) or ceil(w) times,
    and w times in expectation (systematic sampling). A batch that takes a whole epoch is not
    shuffled. A row of weight 0 is in none. A batch is no larger than an epoch, unless it repeats
    rows.
    """

    weights: Tensor
    batch: int
    seed: int
    repeats: bool = False
    cached_epochs: dict[int, Tensor] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.ends = self.weights.double().cumsum(0)
        self.total = float(self.ends[-1])
        self.size = max(1, ceil(self.total - 1e-9))
        self.batch = self.batch if self.repeats else min(self.batch, self.size)

    def __call__(self, step: int) -> Tensor:
        """The rows of one batch: -> (batch,) int64."""
        start, parts = step * self.batch, []
        while start < (step + 1) * self.batch:
            epoch, place = divmod(start, self.size)
            parts.append(
                self.draw_epoch(epoch)[place : (step + 1) * self.batch - epoch * self.size]
            )
            start += len(parts[-1])
        return torch.cat(parts)

    def draw_epoch(self, epoch: int) -> Tensor:
        if epoch not in self.cached_epochs:
            generator = torch.Generator().manual_seed(derive_seed(self.seed, epoch))
            offset = torch.rand((), generator=generator, dtype=torch.float64)
            points = (offset + torch.arange(self.size)) * (self.total / self.size)
            rows = torch.searchsorted(self.ends, points, right=True).clamp(max=len(self.ends) - 1)
            whole = self.batch == self.size
            order = None if whole else torch.randperm(self.size, generator=generator)
            self.cached_epochs = {epoch: rows if order is None else rows[order]}
        return self.cached_epochs[epoch]
