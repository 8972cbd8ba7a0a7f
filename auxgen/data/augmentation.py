"""What training does to rows: binarise, dequantise, mirror, move."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Corruption = Callable[[Tensor, torch.Generator], Tensor]
"""Rows as they lie -> as the model sees them in training: binarised, dequantised."""


def identity(x: Tensor, generator: torch.Generator) -> Tensor:
    """No corruption."""
    del generator
    return x


def binarise(x: Tensor, generator: torch.Generator) -> Tensor:
    """Bits drawn with the grey values in [0, 1] as probabilities, anew for every batch."""
    return torch.bernoulli(x, generator=generator)


def add_noise(x: Tensor, generator: torch.Generator, std: float | Tensor, entries: int) -> Tensor:
    """Gaussian noise of deviation `std`, one or one for each, on the first entries: x (b, d)."""
    std = std.to(x.device) if isinstance(std, Tensor) else std
    noise = torch.randn(len(x), entries, generator=generator, device=x.device)
    return torch.cat((x[:, :entries] + std * noise, x[:, entries:]), 1)


def dequantise(x: Tensor, generator: torch.Generator, shift: Tensor, scale: Tensor) -> Tensor:
    """Grey levels spread evenly over their 1/255, then shifted and scaled; shift and scale (d,).

    x (b, d) in [0, 1] stays the centre of what it becomes, so that rows that are not spread, at
    evaluation, are seen at their means.
    """
    noise = torch.rand(x.shape, generator=generator, device=x.device) - 0.5
    return (x + noise / 255 - shift.to(x.device)) / scale.to(x.device)


def flip_randomly(x: Tensor, generator: torch.Generator) -> Tensor:
    """Every image mirrored left to right with probability 1/2: x (b, c, h, w)."""
    coins = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)
    return torch.where(coins < 0.5, x.flip(-1), x)


def shift_randomly(x: Tensor, generator: torch.Generator, pixels: int) -> Tensor:
    """Every image moved by up to so many pixels each way, zeros moving in: x (b, c, h, w).

    The same as a crop of its size from the image padded by `pixels` all around.
    """
    h, w = x.shape[-2:]
    corners = F.pad(x, [pixels] * 4).unfold(2, h, 1).unfold(3, w, 1)
    corner = torch.randint(2 * pixels + 1, (2, len(x)), generator=generator, device=x.device)
    return corners[torch.arange(len(x), device=x.device), :, corner[0], corner[1]]


def apply_corruptions(
    x: Tensor, generator: torch.Generator, corruptions: Sequence[Corruption]
) -> Tensor:
    """One corruption after the other."""
    for corruption in corruptions:
        x = corruption(x, generator)
    return x
