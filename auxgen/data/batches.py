"""Resident batches: a stream is a function of (seed, rank, step), so a position is a number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from ..rng import derive_seed, make_corruption_generator
from .augmentation import Corruption, identity
from .samplers import BalancedSampler, ShuffledSampler


def _gather_rows(x: Tensor, rows: Tensor) -> Tensor:
    """Rows of float32, or of uint8 pixels turned to [0, 1]: x (n, ...) -> (b, ...)."""
    chosen = x.index_select(0, rows)
    return chosen / 255.0 if chosen.dtype == torch.uint8 else chosen


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


def get_batch_size(batches: object) -> int | None:
    """Rows in a batch, of which the unlabelled ones where both are; None for an unknown stream."""
    if isinstance(batches, SemiSupervisedBatches):
        return batches.unlabelled_batch
    return batches.batch if isinstance(batches, InMemoryBatches | LabelledBatches) else None


Stream = TypeVar("Stream")


def resize_batches(batches: Stream, batch: int) -> Stream:
    """The same rows in smaller batches; an unknown stream stays as it is."""
    if isinstance(batches, SemiSupervisedBatches):
        labelled = min(batches.labelled_batch, batch)
        return replace(batches, labelled_batch=labelled, unlabelled_batch=batch)
    if isinstance(batches, InMemoryBatches | LabelledBatches):
        return replace(batches, batch=batch)
    return batches


def find_batch_rows(
    batches: object, step: int, rank: int = 0, ranks: int = 1
) -> list[Tensor] | None:
    """Which rows of the stream are in a batch: the labelled ones (b,), and the unlabelled (u,).

    One of both where the stream has no other; None for an unknown stream.
    """
    if isinstance(batches, SemiSupervisedBatches):
        known, unknown = batches.labelled_sampler, batches.unlabelled_sampler
        return [known(step, rank, ranks), unknown(step, rank, ranks)]
    if isinstance(batches, InMemoryBatches | LabelledBatches):
        return [batches.sampler(step, rank, ranks)]
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
