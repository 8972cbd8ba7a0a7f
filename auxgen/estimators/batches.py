"""Batches of rows that count more or less than once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ..builders.seen_rows import SeenRows
from ..data.augmentation import Corruption, add_noise, binarise
from ..data.batches import SemiSupervisedBatch
from ..data.samplers import WeightedSampler
from ..rng import derive_seed, make_corruption_generator


@dataclass(eq=False)
class WeightedBatches:
    """Batches of rows that count more or less than once: x (b, d).

    Attributes:
        x: Rows as the method sees them (n, d).
        weights: How often each counts (n,).
        batch: Rows in a batch, at most.
        seed: Seed of the order and of the corruption.
        corruption: What training does to rows.
        device: Where batches are.
    """

    x: Tensor
    weights: Tensor
    batch: int
    seed: int
    corruption: Corruption
    device: str

    def __post_init__(self) -> None:
        self.x = self.x.to(self.device)
        self.sampler = WeightedSampler(self.weights, self.batch, self.seed)

    def __call__(self, step: int) -> Tensor:
        generator = make_corruption_generator(self.device, self.seed, step, 0)
        return self.corruption(self.x[self.sampler(step).to(self.device)], generator)


@dataclass(eq=False)
class PartlyLabelledBatches:
    """Labelled rows beside rows of which the label is not looked at, all of them.

    Attributes:
        x: Rows as the method sees them (n, d).
        places: Index of each row's class (n,), -1 without a label.
        weights: How often each row counts (n,).
        label_weights: How often each label counts (n,).
        batch: Rows of a stream in a batch, at most.
        seed: Seed of the order and of the corruption.
        corruption: What training does to rows.
        device: Where batches are.
        labelled_batch: Labelled rows in a batch, some of them several times where there are fewer;
            None for `batch`, or all.
    """

    x: Tensor
    places: Tensor
    weights: Tensor
    label_weights: Tensor
    batch: int
    seed: int
    corruption: Corruption
    device: str
    labelled_batch: int | None = None

    def __post_init__(self) -> None:
        known = (self.places >= 0).nonzero().flatten()
        self.y = self.places[known].to(self.device)
        self.x_known = self.x[known].to(self.device)
        first, second = (derive_seed(self.seed, stream) for stream in (0, 1))
        size, repeats = self.labelled_batch or self.batch, self.labelled_batch is not None
        self.sampler = WeightedSampler(self.label_weights[known], size, first, repeats)
        self.every = WeightedBatches(
            self.x, self.weights, self.batch, second, self.corruption, self.device
        )

    def __call__(self, step: int) -> SemiSupervisedBatch:
        rows = self.sampler(step).to(self.device)
        generator = make_corruption_generator(self.device, self.seed, step, 0)
        x = self.corruption(self.x_known[rows], generator)
        return SemiSupervisedBatch(x, self.y[rows], self.every(step))


def stack_members(members: list[PartlyLabelledBatches], step: int) -> SemiSupervisedBatch:
    """A batch of each member of an ensemble, with an axis of members in front."""
    parts = zip(*(batches(step) for batches in members), strict=True)
    return SemiSupervisedBatch(*(torch.stack(part) for part in parts))


def choose_corruption(seen: SeenRows, noise: float) -> Corruption:
    """What training does to rows: bits are drawn, and Gaussian entries get noise."""
    if seen.space.binary:
        return binarise
    noisy = seen.noisy
    std = noise if all(noisy) else noise * torch.tensor(noisy).float()
    return partial(add_noise, std=std, entries=len(noisy))
