"""What SVHN and NORB share: pixels with noise of a grey level under a Gaussian (section 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...builders import Recipe
from ...data.augmentation import dequantised
from ...data.dataset import Examples, Space
from ...engine.settings import Engine, adam
from ...errors import InputError
from ...functional.bounds import alpha
from ...functional.schedules import staircase
from ...stage import Experiment
from . import _stages
from ._figures import measures, pictures
from ._stages import Ablation, Name, Split, epochs_of, recipe, stage

Model = Name | Ablation


def grey(train: Examples, *, shift: Tensor | None = None, scale: Tensor | None = None) -> Space:
    """The flat space of pixels, shifted and scaled entry by entry: shift and scale (d,)."""
    return Space(
        kind=train.kind,
        shape=tuple(train.x.shape[1:]),
        classes=train.classes,
        shift=() if shift is None else tuple(shift.tolist()),
        scale=() if scale is None else tuple(scale.tolist()),
    )


def per_channel(train: Examples) -> Tensor:
    """Each channel's standard deviation over pixels and rows, for each entry: -> (d,)."""
    _, c, h, w = train.x.shape
    std = []
    for channel in range(c):
        x = train.x[:, channel]
        counts = torch.bincount(x.flatten().long(), minlength=256).double()
        levels = torch.arange(256, dtype=torch.float64) / 255
        mean = (counts * levels).sum() / counts.sum()
        std.append(((counts * (levels - mean).square()).sum() / counts.sum()).sqrt())
    return torch.stack(std).float().clamp(min=1e-6).repeat_interleave(h * w)


def split(train: Examples, test: Examples, space: Space, rows: Tensor) -> Split:
    """All of `train` unlabelled and still uint8, `rows` of it labelled."""
    d = space.width
    zeros, ones = torch.zeros(d), torch.ones(d)
    shift = torch.tensor(space.shift) if space.shift else zeros
    scale = torch.tensor(space.scale) if space.scale else ones
    corruption = partial(dequantised, shift=shift, scale=scale)
    return _stages.split(train, test, space, rows, corruption, x=train.x.flatten(1))


def experiment_of(
    data: Split,
    model: Model,
    of_budget: Mapping[str, Any],
    *,
    seed: int,
    beta: float,
    warm_up: float,
    epochs: float | None,
    lr: float | None,
    samples: int | None,
) -> Experiment:
    """One stage of a model of pixels.

    Args:
        data: The split.
        model: Which one.
        of_budget: Sizes, batches, epochs and rate.
        seed: Of the initialisation and the order.
        beta: Weight of the classification term, times (N_l + N_u) / N_l.
        warm_up: Epochs over which the log-ratios of a and z gain their weight.
        epochs: Over the budget's.
        lr: Over the budget's.
        samples: Over the budget's.
    """
    n, unlabelled = len(data.x_unlabelled), of_budget["unlabelled"]
    steps = epochs_of(n, unlabelled, epochs or of_budget["epochs"])
    made: Recipe = recipe(
        model,
        data,
        hidden=[of_budget["hidden"]] * 2,
        a=of_budget["latent"],
        z=of_budget["latent"],
        alpha=alpha(beta, len(data.x), n),
        batch_norm=True,
        samples=samples or of_budget["samples"],
        likelihood="gaussian",
        warm_up=epochs_of(n, unlabelled, warm_up),
    )
    rate = partial(staircase, every=max(1, steps // 5), factor=0.75, floor=0.1)
    engine = Engine(
        steps,
        adam(lr or of_budget["lr"]),
        learning_rate=rate,
        max_grad_norm=5.0,
        precision="bf16",
    )
    monitor = max(1, epochs_of(n, unlabelled, of_budget["monitor"]))
    batches: Any = {"labelled": of_budget["labelled"], "unlabelled": unlabelled, "seed": seed}
    found = stage(made, data, engine, **batches, monitor_every=monitor)
    test = data.examples["test"]
    return {
        model: replace(
            found,
            pictures=pictures(found.method, data.space, test),
            evaluations={**found.evaluations, **measures(found.method, data.space, test)},
        )
    }


def joined(first: Examples, second: Examples) -> Examples:
    """The rows of both.

    Raises:
        InputError: Their pictures or classes differ.
    """
    if first.x.shape[1:] != second.x.shape[1:] or first.classes != second.classes:
        raise InputError(
            f"{first.name} and {second.name} differ in their pictures or classes; rows of one kind "
            "are wanted."
        )
    return replace(
        first,
        x=torch.cat((first.x, second.x)),
        y=torch.cat((first.y, second.y)),
        name=f"{first.name}+{second.name}",
        fingerprint=f"{first.fingerprint}+{second.fingerprint}",
        attributes=None,
    )
