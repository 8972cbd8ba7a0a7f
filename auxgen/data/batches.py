"""Resident batches: a stream is a function of (seed, rank, step), so a position is a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

import torch
from torch import Tensor

from ..rng import derive_seed, make_corruption_generator
from .augmentation import Corruption, identity


def _gather_rows(x: Tensor, rows: Tensor) -> Tensor:
    """Rows of float32, or of uint8 pixels turned to [0, 1]: x (n, ...) -> (b, ...)."""
    chosen = x[rows]
    return chosen / 255.0 if chosen.dtype == torch.uint8 else chosen


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


@dataclass(eq=False)
class InMemoryBatches:
    """Batches of rows that live on the device: x (n, ...) float32 or uint8 -> (batch, ...)."""

    x: Tensor
    batch: int
    seed: int
    corruption: Corruption = identity

    def __post_init__(self) -> None:
        self.sampler = ShuffledSampler(len(self.x), self.batch, self.seed)

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> Tensor:
        self.x = self.x.to(device)
        rows = self.sampler(step, rank, ranks).to(device)
        generator = make_corruption_generator(device, self.seed, step, rank)
        return self.corruption(_gather_rows(self.x, rows), generator)


@dataclass(eq=False)
class LabelledBatches:
    """Batches of labelled rows that live on the device.

    Attributes:
        x: Rows (n, ...), float32 or uint8.
        y: Class indices (n,), or attributes (n, k), NaN where blank.
        batch: Rows in a batch.
        seed: Seed of the order and of the corruption.
        corruption: What training does to rows, such as moving and mirroring them.
    """

    x: Tensor
    y: Tensor
    batch: int
    seed: int
    corruption: Corruption = identity

    def __post_init__(self) -> None:
        self.sampler = ShuffledSampler(len(self.x), self.batch, self.seed)

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> LabelledBatch:
        self.x, self.y = self.x.to(device), self.y.to(device)
        rows = self.sampler(step, rank, ranks).to(device)
        generator = make_corruption_generator(device, self.seed, step, rank)
        return LabelledBatch(self.corruption(_gather_rows(self.x, rows), generator), self.y[rows])


@dataclass(eq=False)
class SemiSupervisedBatches:
    """Labelled and unlabelled rows side by side, each stream with its own batch size.

    The labelled rows are on every rank; the unlabelled stream is sharded over ranks. Sizes are per
    rank.

    Attributes:
        x: Labelled rows (n_l, d).
        y: Their class indices (n_l,).
        x_unlabelled: Rows without labels (n_u, d); in the papers they include the labelled ones.
        labelled_batch: Labelled rows in a batch, at most.
        unlabelled_batch: Unlabelled rows in a batch.
        seed: Seed of the order and of the corruption.
        corruption: What training does to rows.
    """

    x: Tensor
    y: Tensor
    x_unlabelled: Tensor
    labelled_batch: int
    unlabelled_batch: int
    seed: int
    corruption: Corruption = identity

    def __post_init__(self) -> None:
        known, unknown = (derive_seed(self.seed, stream) for stream in (0, 1))
        rows = len(self.x_unlabelled)
        self.labelled_sampler = BalancedSampler(self.y.cpu(), self.labelled_batch, known)
        self.unlabelled_sampler = ShuffledSampler(rows, self.unlabelled_batch, unknown)

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> SemiSupervisedBatch:
        self.x, self.y = self.x.to(device), self.y.to(device)
        self.x_unlabelled = self.x_unlabelled.to(device)
        known = self.labelled_sampler(step, rank, ranks).to(device)
        unknown = self.unlabelled_sampler(step, rank, ranks).to(device)
        generator = make_corruption_generator(device, self.seed, step, rank)
        return SemiSupervisedBatch(
            self.corruption(_gather_rows(self.x, known), generator),
            self.y[known],
            self.corruption(_gather_rows(self.x_unlabelled, unknown), generator),
        )


def count_passes(batches: object, steps: int) -> float | None:
    """Passes over the rows that so many steps on one rank come to; None for an unknown stream."""
    if isinstance(batches, SemiSupervisedBatches):
        return steps * batches.unlabelled_batch / len(batches.x_unlabelled)
    if isinstance(batches, InMemoryBatches | LabelledBatches):
        return steps * batches.batch / len(batches.x)
    return None


class LabelledBatch(NamedTuple):
    """Rows and what is known of each: x (b, *event); y (b,) classes, or (b, k) attributes."""

    x: Tensor
    y: Tensor


class SemiSupervisedBatch(NamedTuple):
    """Labelled x (b, d) with y (b,) class indices, and unlabelled x (u, d)."""

    x: Tensor
    y: Tensor
    x_unlabelled: Tensor
