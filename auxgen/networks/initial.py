"""Initial weights other than torch's own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .mlp import MLP


def initialize_he_hidden(network: MLP) -> MLP:
    """Hidden layers keep the scale of their input (He et al., 2015); their biases are 0."""
    for layer in (*network.maps, *network.layers):
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network


@torch.no_grad()
def initialize_mean_spread(network: MLP, inputs: Tensor, *, std: float, log_std: float) -> MLP:
    """A head of (mean, log std) whose means over the inputs have mean 0 and this spread.

    Args:
        network: Of one input; changed in place.
        inputs: What it will be given, (n, d).
        std: Standard deviation of each mean over the inputs.
        log_std: What the log standard deviations start near.
    """
    out = network(inputs)
    d = out.shape[-1] // 2
    scale = std / out[:, :d].std(0)
    network.head.weight[:d] *= scale.unsqueeze(1)
    network.head.bias[:d] = scale * (network.head.bias[:d] - out[:, :d].mean(0))
    return _initialize_log_stds(network, d, log_std)


@torch.no_grad()
def initialize_near_deterministic(network: MLP, *, log_std: float, spread: float = 3.0) -> MLP:
    """A head of (mean, log std) that starts as nearly a function of its inputs.

    Args:
        network: Changed in place.
        log_std: What the log standard deviations start near.
        spread: Factor on the weights of the means.
    """
    d = len(network.head.weight) // 2
    network.head.weight[:d] *= spread
    return _initialize_log_stds(network, d, log_std)


def _initialize_log_stds(network: MLP, d: int, log_std: float) -> MLP:
    """A head of (d means, d log stds), the latter near the same number for all inputs."""
    network.head.weight[d:] *= 0.1
    network.head.bias[d:] = log_std
    return network
