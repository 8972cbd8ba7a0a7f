"""Draws and passes over rows, apart from what is made of them."""

from __future__ import annotations

import torch
from torch import Tensor

from ..method import Classifies, Describes
from ..rng import get_device


def binarise_with_seed(x: Tensor, seed: int) -> Tensor:
    """One Bernoulli draw of each entry, the same on every device: x in [0, 1] -> 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    return torch.bernoulli(x.cpu(), generator=generator).to(x)


@torch.no_grad()
def predict_class_probabilities(
    method: Classifies, x: Tensor, *, draws: int = 1, batch_size: int = 256
) -> Tensor:
    """q(y|x) averaged over draws, `batch_size` rows at a time: x (n, *event) -> (n, k) float64, CPU."""
    device = get_device(method)
    parts = [method.classify(part.to(device), draws).probs for part in x.split(batch_size)]
    return torch.cat(parts).double().cpu()


@torch.no_grad()
def predict_class_log_probabilities(
    method: Classifies, x: Tensor, *, draws: int = 1, batch_size: int = 256
) -> Tensor:
    """log of `predict_class_probabilities`, finite where those are 0 but for rounding: -> (n, k) float64, CPU."""
    device = get_device(method)
    parts = [method.classify(part.to(device), draws).logits for part in x.split(batch_size)]
    return torch.cat(parts).double().cpu()


@torch.no_grad()
def predict_attribute_probabilities(
    method: Describes, x: Tensor, *, batch_size: int = 256
) -> Tensor:
    """q(y_k = 1|x), `batch_size` rows at a time: x (n, *event) -> (n, k) float64, CPU."""
    device = get_device(method)
    parts = [method.attributes(part.to(device)).probs for part in x.split(batch_size)]
    return torch.cat(parts).double().cpu()
