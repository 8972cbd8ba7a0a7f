"""Resident batches: a stream is a function of (seed, rank, step), so a position is a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from ..methods.image_classifier import Labelled
from ..methods.semi_supervised import SemiSupervised

Corruption = Callable[[Tensor, torch.Generator], Tensor]
"""Rows as they lie -> as the model sees them in training: binarised, dequantised."""


def as_they_lie(x: Tensor, generator: torch.Generator) -> Tensor:
    """No corruption."""
    del generator
    return x


def binarised(x: Tensor, generator: torch.Generator) -> Tensor:
    """Bits drawn with the grey values in [0, 1] as probabilities, afresh for every batch."""
    return torch.bernoulli(x, generator=generator)


def dequantised(x: Tensor, generator: torch.Generator, shift: Tensor, scale: Tensor) -> Tensor:
    """Grey levels spread evenly over their 1/255, then shifted and scaled; shift and scale (d,).

    x (b, d) in [0, 1] stays the centre of what it becomes, so that rows that are not spread, at
    evaluation, are seen at their means.
    """
    noise = torch.rand(x.shape, generator=generator, device=x.device) - 0.5
    return (x + noise / 255 - shift.to(x.device)) / scale.to(x.device)


def flipped(x: Tensor, generator: torch.Generator) -> Tensor:
    """Every image mirrored left to right with probability 1/2: x (b, c, h, w)."""
    coins = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)
    return torch.where(coins < 0.5, x.flip(-1), x)


def shifted(x: Tensor, generator: torch.Generator, pixels: int) -> Tensor:
    """Every image moved by up to so many pixels each way, zeros moving in: x (b, c, h, w).

    The same as a crop of its size from the image padded by `pixels` all around.
    """
    h, w = x.shape[-2:]
    corners = F.pad(x, [pixels] * 4).unfold(2, h, 1).unfold(3, w, 1)
    top, left = torch.randint(
        2 * pixels + 1, (2, len(x)), generator=generator, device=x.device
    ).unbind()
    return corners[torch.arange(len(x), device=x.device), :, top, left]


def in_turn(x: Tensor, generator: torch.Generator, corruptions: Sequence[Corruption]) -> Tensor:
    """One corruption after the other."""
    for corruption in corruptions:
        x = corruption(x, generator)
    return x


def picked(x: Tensor, rows: Tensor) -> Tensor:
    """Rows of float32, or of uint8 pixels turned to [0, 1]: x (n, ...) -> (b, ...)."""
    chosen = x[rows]
    return chosen / 255.0 if chosen.dtype == torch.uint8 else chosen


def seed_of(*parts: int) -> int:
    """One seed of several numbers; splitmix64, so that near numbers give unrelated streams."""
    mixed = 0
    for part in parts:
        mixed = (mixed ^ part) + 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
        mixed ^= mixed >> 31
    return mixed >> 1


@dataclass(eq=False)
class Stream:
    """Indices of rows, epoch after epoch of seeded permutations without a seam.

    Rank r of R takes positions [(t R + r) b, (t R + r + 1) b) of the concatenated permutations at
    step t: within an epoch no row is lost or doubled, whatever the batch, and batches never shrink.
    """

    rows: int
    batch: int
    seed: int
    last: dict[int, Tensor] = field(default_factory=dict, repr=False)

    def __call__(self, step: int, rank: int = 0, ranks: int = 1) -> Tensor:
        """The rows of one batch: -> (batch,) int64."""
        start = (step * ranks + rank) * self.batch
        parts = []
        while start < (step * ranks + rank + 1) * self.batch:
            epoch, place = divmod(start, self.rows)
            end = (step * ranks + rank + 1) * self.batch - epoch * self.rows
            parts.append(self.permutation(epoch)[place:end])
            start += len(parts[-1])
        return torch.cat(parts)

    def permutation(self, epoch: int) -> Tensor:
        if epoch not in self.last:
            generator = torch.Generator().manual_seed(seed_of(self.seed, epoch))
            self.last = {epoch: torch.randperm(self.rows, generator=generator)}
        return self.last[epoch]


@dataclass(eq=False)
class Balanced:
    """Indices of labelled rows: all in every batch when they fit, else balanced over classes.

    When they do not fit, each class has a stream of its own and takes turns in a batch; every rank
    sees labelled rows of its own draw.
    """

    y: Tensor
    batch: int
    seed: int
    streams: list[tuple[Tensor, Stream]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        classes = self.y.unique().tolist()
        rows = [(self.y == c).nonzero().flatten() for c in classes]
        share = -(-self.batch // len(rows))
        self.streams = [
            (own, Stream(len(own), share, seed_of(self.seed, int(c))))
            for c, own in zip(classes, rows, strict=True)
        ]

    def __call__(self, step: int, rank: int = 0, ranks: int = 1) -> Tensor:
        """The rows of one batch: -> (min(batch, rows),) int64."""
        if len(self.y) <= self.batch:
            return torch.arange(len(self.y))
        each = torch.stack([own[stream(step, rank, ranks)] for own, stream in self.streams], 1)
        turn = (step * ranks + rank) % len(self.streams)
        return each.roll(turn, 1).flatten()[: self.batch]


@dataclass(eq=False)
class Resident:
    """Batches of rows that live on the device: x (n, ...) float32 or uint8 -> (batch, ...)."""

    x: Tensor
    batch: int
    seed: int
    corruption: Corruption = as_they_lie

    def __post_init__(self) -> None:
        self.stream = Stream(len(self.x), self.batch, self.seed)

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> Tensor:
        self.x = self.x.to(device)
        rows = self.stream(step, rank, ranks).to(device)
        return self.corruption(picked(self.x, rows), noise(device, self.seed, step, rank))


@dataclass(eq=False)
class LabelledBatches:
    """Batches of labelled rows that live on the device.

    Attributes:
        x: Rows (n, ...), float32 or uint8.
        y: Class indices (n,), or attributes (n, k), NaN where blank.
        batch: Rows in a batch.
        seed: Of the order and of the corruption.
        corruption: What training does to rows, such as moving and mirroring them.
    """

    x: Tensor
    y: Tensor
    batch: int
    seed: int
    corruption: Corruption = as_they_lie

    def __post_init__(self) -> None:
        self.stream = Stream(len(self.x), self.batch, self.seed)

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> Labelled:
        self.x, self.y = self.x.to(device), self.y.to(device)
        rows = self.stream(step, rank, ranks).to(device)
        x = self.corruption(picked(self.x, rows), noise(device, self.seed, step, rank))
        return Labelled(x, self.y[rows])


@dataclass(eq=False)
class SemiSupervisedBatches:
    """Labelled and unlabelled rows side by side, each stream with its own batch size.

    The labelled rows are on every rank; the unlabelled stream is sharded over ranks. Sizes are per
    rank.

    Attributes:
        x: Labelled rows (n_l, d).
        y: Their class indices (n_l,).
        x_unlabelled: Rows without labels (n_u, d); in the papers they include the labelled ones.
        labelled: Labelled rows in a batch, at most.
        unlabelled: Unlabelled rows in a batch.
        seed: Of the order and of the corruption.
        corruption: What training does to rows.
    """

    x: Tensor
    y: Tensor
    x_unlabelled: Tensor
    labelled: int
    unlabelled: int
    seed: int
    corruption: Corruption = as_they_lie

    def __post_init__(self) -> None:
        self.balanced = Balanced(self.y.cpu(), self.labelled, seed_of(self.seed, 0))
        self.stream = Stream(len(self.x_unlabelled), self.unlabelled, seed_of(self.seed, 1))

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> SemiSupervised:
        self.x, self.y = self.x.to(device), self.y.to(device)
        self.x_unlabelled = self.x_unlabelled.to(device)
        known = self.balanced(step, rank, ranks).to(device)
        unknown = self.stream(step, rank, ranks).to(device)
        generator = noise(device, self.seed, step, rank)
        return SemiSupervised(
            self.corruption(picked(self.x, known), generator),
            self.y[known],
            self.corruption(picked(self.x_unlabelled, unknown), generator),
        )


def noise(device: str, seed: int, step: int, rank: int) -> torch.Generator:
    """The generator of one batch's corruption."""
    return torch.Generator(device).manual_seed(seed_of(seed, 2, step, rank))
