"""Batch-norm running statistics: who may move them, and how to estimate them afresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def find_batch_norms(module: nn.Module) -> list[_BatchNorm]:
    """The batch-norm layers that keep running statistics."""
    return [m for m in module.modules() if isinstance(m, _BatchNorm) and m.running_mean is not None]


@contextmanager
def freeze_running_statistics(module: nn.Module) -> Iterator[None]:
    """Within, batches are normalised by their own statistics and leave the running ones alone."""
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
    """Running statistics become the mean over `batches` calls of forwards(i), i = 0, 1, ...

    Averaged weights have other activations than the weights averaged (Izmailov et al., 2018).
    Only layers in training mode are touched: what is held fixed stays as it is.
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
