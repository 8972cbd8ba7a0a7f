"""Batches of rows: a stream is a function of (seed, rank, step), so a position is a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from ..rng import derive_seed, make_corruption_generator
from .augmentation import Corruption, identity
from .blocks import BlockReader, BlockSampler
from .samplers import BalancedSampler, ShuffledSampler
from .storage import GIB, count_bytes, get_memory_for_rows, is_large


def _gather_rows(x: Tensor, rows: Tensor) -> Tensor:
    """Rows of float32, or of uint8 pixels turned to [0, 1]: x (n, ...) -> (b, ...)."""
    return _scale_pixels(x.index_select(0, rows))


def _scale_pixels(chosen: Tensor) -> Tensor:
    """Float32 as it is, uint8 pixels turned to [0, 1]."""
    return chosen / 255.0 if chosen.dtype == torch.uint8 else chosen


@dataclass(eq=False)
class RowStream:
    """Shuffled rows of one tensor: on the device, or on disk where they are too many for memory.

    Attributes:
        x: Rows (n, ...), float32 or uint8.
        batch: Rows in a batch.
        seed: Seed of the order.
    """

    x: Tensor
    batch: int
    seed: int

    def __post_init__(self) -> None:
        self.reader, self.sampler = None, ShuffledSampler(len(self.x), self.batch, self.seed)
        if is_large(self.x):
            self.sampler = BlockSampler.of_rows(self.x, self.batch, self.seed)
            self.reader = BlockReader(self.x, self.sampler)

    def draw(
        self, step: int, rank: int, ranks: int, device: str, rows: Tensor | None = None
    ) -> Tensor:
        """The rows of one batch, pixels in [0, 1]: -> (batch, ...).

        `rows` are their numbers (batch,) on the device, where the sampler was asked before.
        """
        if self.reader is not None:
            return _scale_pixels(self.reader(step, rank, ranks).to(device))
        self.x = self.x.to(device)
        if rows is None:
            rows = self.sampler(step, rank, ranks).to(device)
        return _gather_rows(self.x, rows)


@dataclass(eq=False)
class InMemoryBatches:
    """Batches of rows that live on the device: x (n, ...) float32 or uint8 -> (batch, ...).

    Rows that are too many for memory stay on disk, see `RowStream`.
    """

    x: Tensor
    batch: int
    seed: int
    corruption: Corruption = identity

    def __post_init__(self) -> None:
        self.stream = RowStream(self.x, self.batch, self.seed)
        self.sampler = self.stream.sampler

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> Tensor:
        generator = make_corruption_generator(device, self.seed, step, rank)
        return self.corruption(self.stream.draw(step, rank, ranks, device), generator)


@dataclass(eq=False)
class LabelledBatches:
    """Batches of labelled rows that live on the device, or on disk, see `RowStream`.

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
        self.stream = RowStream(self.x, self.batch, self.seed)
        self.sampler = self.stream.sampler

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> LabelledBatch:
        self.y = self.y.to(device)
        rows = self.sampler(step, rank, ranks).to(device)
        generator = make_corruption_generator(device, self.seed, step, rank)
        x = self.stream.draw(step, rank, ranks, device, rows)
        return LabelledBatch(self.corruption(x, generator), self.y[rows])


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
        view: What it does to rows for q(y|.), where that sees others than the bound is on.
    """

    x: Tensor
    y: Tensor
    x_unlabelled: Tensor
    labelled_batch: int
    unlabelled_batch: int
    seed: int
    corruption: Corruption = identity
    view: Corruption | None = None

    def __post_init__(self) -> None:
        known, unknown = (derive_seed(self.seed, stream) for stream in (0, 1))
        self.labelled_sampler = BalancedSampler(self.y.cpu(), self.labelled_batch, known)
        self.stream = RowStream(self.x_unlabelled, self.unlabelled_batch, unknown)
        self.unlabelled_sampler = self.stream.sampler

    def __call__(
        self, step: int, rank: int, ranks: int, device: str
    ) -> SemiSupervisedBatch | ViewedBatch:
        self.x, self.y = self.x.to(device), self.y.to(device)
        known = self.labelled_sampler(step, rank, ranks).to(device)
        generator = make_corruption_generator(device, self.seed, step, rank)
        rows = _gather_rows(self.x, known), self.stream.draw(step, rank, ranks, device)
        x, x_unlabelled = (self.corruption(each, generator) for each in rows)
        if self.view is None:
            return SemiSupervisedBatch(x, self.y[known], x_unlabelled)
        views = (self.view(each, generator) for each in rows)
        return ViewedBatch(x, self.y[known], x_unlabelled, *views)


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


def describe_storage(batches: object) -> str:
    """Where the rows of a stream are and in which order they come; "" where that is as usual."""
    stream = getattr(batches, "stream", None)
    if not isinstance(stream, RowStream) or not isinstance(stream.sampler, BlockSampler):
        return ""
    x, sampler = stream.x, stream.sampler
    return (
        f"its {len(x):,} rows of {count_bytes(x) / GIB:.3g} GiB stay on disk, being more than the "
        f"{get_memory_for_rows():.3g} GiB that rows may take (--memory-for-rows), and are nearly "
        f"shuffled: in blocks of {sampler.block:,}, then among {sampler.window:,} blocks"
    )


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


def rebuild_batch(batch: Any, parts: Iterable[Any]) -> Any:
    """A batch of the same type, a named tuple, tuple or list, of other parts."""
    return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)


class LabelledBatch(NamedTuple):
    """Rows and what is known of each: x (b, *event); y (b,) classes, or (b, k) attributes."""

    x: Tensor
    y: Tensor


class SemiSupervisedBatch(NamedTuple):
    """Labelled x (b, d) with y (b,) class indices, and unlabelled x (u, d)."""

    x: Tensor
    y: Tensor
    x_unlabelled: Tensor


class ViewedBatch(NamedTuple):
    """A batch of which q(y|.) sees other views of the rows: of the labelled, of the unlabelled."""

    x: Tensor
    y: Tensor
    x_unlabelled: Tensor
    seen: Tensor
    seen_unlabelled: Tensor
