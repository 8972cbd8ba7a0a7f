"""What training does to rows: binarise, dequantise, mirror, move, warp."""

from collections.abc import Callable, Sequence
from math import pi

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


def warp_randomly(x: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    """Every image stretched, slanted, turned and moved a little: x (b, c, h, w) in [0, 1].

    At a strength of 1 by at most 10 % in height and in width, a tenth of the height, 10 degrees and
    a pixel each way, all drawn uniformly.
    """
    draws = torch.rand(6, len(x), generator=generator, device=x.device).mul(2).sub(1) * strength
    angle, slant = draws[0] * (pi / 18), draws[1] / 10
    sine, cosine, across, down = angle.sin(), angle.cos(), *(1 + draws[2:4] / 10)
    top = torch.stack((cosine * across, (slant - sine) * across), 1)
    bottom = torch.stack((sine * down, cosine * down), 1)
    # a mean of ones may be rounded to above 1
    return warp(x, torch.stack((top, bottom), 1), draws[4:].T).clamp(0, 1)


def warp(x: Tensor, matrix: Tensor, move: Tensor) -> Tensor:
    """What each pixel of an image becomes: that at matrix p + move, with p from the middle.

    Between pixels bilinear, beyond the borders 0.

    Args:
        x: Images (b, c, h, w).
        matrix: From places in the warped image to places in `x`, (b, 2, 2), across before down.
        move: In pixels, (b, 2).
    """
    halves = x.new_tensor((x.shape[-1], x.shape[-2])) / 2
    affine = torch.cat((matrix * halves, move[..., None]), 2) / halves[:, None]
    grid = F.affine_grid(affine, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def apply_corruptions(
    x: Tensor, generator: torch.Generator, corruptions: Sequence[Corruption]
) -> Tensor:
    """One corruption after the other."""
    for corruption in corruptions:
        x = corruption(x, generator)
    return x
