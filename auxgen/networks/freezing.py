"""Passing through networks without changing them, and running statistics of batch norm."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def freeze_parameters(*networks: nn.Module) -> Iterator[None]:
    """Inside, the parameters of these networks get no gradient."""
    trainable = [p for network in networks for p in network.parameters() if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def find_batch_norms(module: nn.Module) -> list[_BatchNorm]:
    """Batch-norm layers with running statistics."""
    return [m for m in module.modules() if isinstance(m, _BatchNorm) and m.running_mean is not None]


@contextmanager
def freeze_running_statistics(module: nn.Module) -> Iterator[None]:
    """Inside, batches are normalised by their own statistics and leave the running ones alone."""
    layers = find_batch_norms(module)
    for layer in layers:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer in layers:
            layer.track_running_stats = True


@torch.no_grad()
def recalibrate_batch_norm(
    module: nn.Module, run_batch: Callable[[int], object], batches: int
) -> None:
    """Replace running statistics by the mean over run_batch(0), ..., run_batch(batches - 1).

    Averaged weights have other activations than the weights of which they are the average
    (Izmailov et al., 2018). Only layers in training mode change, so fixed ones stay as they are.
    """
    layers = [layer for layer in find_batch_norms(module) if layer.training]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    for i in range(batches):
        run_batch(i)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
