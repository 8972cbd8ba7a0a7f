"""What SVHN and NORB share: pixels with noise of a grey level under a Gaussian (section 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...builders import Recipe
from ...data.augmentation import dequantise
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine, adam
from ...errors import InputError
from ...functional.bounds import classification_weight
from ...functional.schedules import staircase_decay
from ...stage import Experiment
from . import _stages
from ._figures import make_figure_evaluations, make_figure_pictures
from ._stages import (
    AblationName,
    DGMName,
    SemiSupervisedData,
    convert_epochs_to_steps,
    make_dgm_recipe,
    make_semi_supervised_stage,
)

DGMOrAblationName = DGMName | AblationName


def make_pixel_space(
    train: Dataset, *, shift: Tensor | None = None, scale: Tensor | None = None
) -> Preprocessor:
    """The flat space of pixels, shifted and scaled entry by entry: shift and scale (d,)."""
    return Preprocessor(
        kind=train.kind,
        shape=tuple(train.x.shape[1:]),
        classes=train.classes,
        shift=() if shift is None else tuple(shift.tolist()),
        scale=() if scale is None else tuple(scale.tolist()),
    )


def compute_channel_std(train: Dataset) -> Tensor:
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


def make_dequantised_data(
    train: Dataset, test: Dataset, space: Preprocessor, rows: Tensor
) -> SemiSupervisedData:
    """All of `train` unlabelled and still uint8, `rows` of it labelled."""
    d = space.width
    zeros, ones = torch.zeros(d), torch.ones(d)
    shift = torch.tensor(space.shift) if space.shift else zeros
    scale = torch.tensor(space.scale) if space.scale else ones
    corruption = partial(dequantise, shift=shift, scale=scale)
    return _stages.make_semi_supervised_data(
        train, test, space, rows, corruption, x=train.x.flatten(1)
    )


def make_pixel_experiment(
    data: SemiSupervisedData,
    model: DGMOrAblationName,
    budget_settings: Mapping[str, Any],
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
        budget_settings: Sizes, batches, epochs and rate.
        seed: Of the initialisation and the order.
        beta: Weight of the classification term, times (N_l + N_u) / N_l.
        warm_up: Epochs over which the log-ratios of a and z gain their weight.
        epochs: Over the budget's.
        lr: Over the budget's.
        samples: Over the budget's.
    """
    n, unlabelled = len(data.x_unlabelled), budget_settings["unlabelled"]
    steps = convert_epochs_to_steps(n, unlabelled, epochs or budget_settings["epochs"])
    made: Recipe = make_dgm_recipe(
        model,
        data,
        hidden=[budget_settings["hidden"]] * 2,
        a=budget_settings["latent"],
        z=budget_settings["latent"],
        alpha=classification_weight(beta, len(data.x), n),
        batch_norm=True,
        samples=samples or budget_settings["samples"],
        likelihood="gaussian",
        warm_up=convert_epochs_to_steps(n, unlabelled, warm_up),
    )
    rate = partial(staircase_decay, every=max(1, steps // 5), factor=0.75, floor=0.1)
    engine = Engine(
        steps,
        adam(lr or budget_settings["lr"]),
        learning_rate=rate,
        max_grad_norm=5.0,
        precision="bf16",
    )
    monitor = max(1, convert_epochs_to_steps(n, unlabelled, budget_settings["monitor"]))
    batches: Any = {"labelled": budget_settings["labelled"], "unlabelled": unlabelled, "seed": seed}
    found = make_semi_supervised_stage(made, data, engine, **batches, monitor_every=monitor)
    test = data.datasets["test"]
    return {
        model: replace(
            found,
            pictures=make_figure_pictures(found.method, data.space, test),
            evaluations={
                **found.evaluations,
                **make_figure_evaluations(found.method, data.space, test),
            },
        )
    }


def concat_datasets(first: Dataset, second: Dataset) -> Dataset:
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
