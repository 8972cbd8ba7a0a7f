"""Passing through networks without changing them, and running statistics of batch norm."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

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


@contextmanager
def use_running_statistics(module: nn.Module) -> Iterator[None]:
    """Inside, batches are normalised by the running statistics, which stay as they are."""
    layers = [layer for layer in find_batch_norms(module) if layer.training]
    for layer in layers:
        layer.eval()
    try:
        yield
    finally:
        for layer in layers:
            layer.train()


class _AllSeen(Exception):
    """Each layer has seen what it sees of a batch."""


@dataclass
class _Passes:
    """Passes through layers that moved their running statistics."""

    count: int = 0


@contextmanager
def _count_passes(layers: Sequence[_BatchNorm], limit: int) -> Iterator[_Passes]:
    """Count passes through layers, and raise `_AllSeen` after so many, unless `limit` is 0."""
    passes = _Passes()

    def count(layer: nn.Module, *_: object) -> None:
        if layer.training and layer.track_running_stats:
            passes.count += 1
            if passes.count == limit:
                raise _AllSeen

    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        yield passes
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def recalibrate_batch_norm(
    module: nn.Module, run_batch: Callable[[int], object], batches: int
) -> None:
    """Replace running statistics by the mean over run_batch(0), ..., run_batch(batches - 1).

    Averaged weights have other activations than the weights of which they are the average
    (Izmailov et al., 2018). Only layers in training mode change, so fixed ones stay as they are.
    From the second batch on, run_batch is left where the last layer has seen what it sees of a
    batch: of a GAN's round the losses and passes that move no statistics are not computed.
    """
    layers = [layer for layer in find_batch_norms(module) if layer.training]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    passes = 0
    for i in range(batches):
        with _count_passes(layers, passes) as seen, suppress(_AllSeen):
            run_batch(i)
        passes = passes or seen.count
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
