"""Residual encoder and decoder of square images (Maggipinto et al., 2020, figure 10).

The paper names channels and layers; kernels and activations are those of the authors' released
code. Blocks end in their activation and are added to what came in, where IntroVAE (Huang et al.,
2018, arXiv:1807.06358), after which they are built, adds first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import final

from torch import Tensor, nn

from ..errors import InputError, require_at_least
from .convolutional import ImageGenerator

SMALLEST_SIZE = 4
"""Height and width of the smallest maps."""


@final
class AutoencoderBlock(nn.Module):
    """shortcut(x) + two 3x3 convolutions of x, each with batch norm and LeakyReLU."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.shortcut = nn.Identity() if width == out else nn.Conv2d(width, out, 1, bias=False)
        self.layers = nn.Sequential(
            *_make_convolution_block(width, out, 3), *_make_convolution_block(out, out, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.layers(x)


def _make_convolution_block(width: int, out: int, kernel: int) -> tuple[nn.Module, ...]:
    """A convolution that keeps height and width, batch norm, LeakyReLU of 0.2."""
    convolution = nn.Conv2d(width, out, kernel, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(out), nn.LeakyReLU(0.2)


def make_residual_encoder(channels: int, widths: Sequence[int], out: int) -> nn.Sequential:
    """A 5x5 convolution and residual blocks, each halved by its mean: x (b, c, h, w) -> (b, out).

    Args:
        channels: Of the images.
        widths: Of the blocks; images have 4 * 2^len(widths) pixels a side.
        out: Width of the linear map at the end.
    """
    layers: list[nn.Module] = [*_make_convolution_block(channels, widths[0], 5), nn.AvgPool2d(2)]
    for width, following in pairwise(widths):
        layers += [AutoencoderBlock(width, following), nn.AvgPool2d(2)]
    last = widths[-1]
    head = nn.Linear(last * SMALLEST_SIZE**2, out)
    return nn.Sequential(*layers, AutoencoderBlock(last, last), nn.Flatten(), head)


def make_residual_generator(channels: int, widths: Sequence[int], z: int) -> ImageGenerator:
    """The encoder mirrored, each block doubled in height and width: z (..., d) -> (..., c, h, w).

    Args:
        channels: Of the images.
        widths: The encoder's, in its order.
        z: Width of the code.
    """
    last = widths[-1]
    maps = (last, SMALLEST_SIZE, SMALLEST_SIZE)
    first = nn.Sequential(nn.Linear(z, last * SMALLEST_SIZE**2), nn.ReLU(), nn.Unflatten(1, maps))
    layers: list[nn.Module] = [AutoencoderBlock(last, last), nn.Upsample(scale_factor=2)]
    for width, following in pairwise(widths[::-1]):
        layers += [AutoencoderBlock(width, following), nn.Upsample(scale_factor=2)]
    layers += [AutoencoderBlock(widths[0], widths[0]), nn.Conv2d(widths[0], channels, 5, padding=2)]
    return ImageGenerator(first, nn.Sequential(*layers))


def check_autoencoder_size(channels: int, size: int, widths: Sequence[int]) -> None:
    """Whether images of this size can be encoded.

    Raises:
        InputError: The size is not 4 * 2^len(widths), or a number is not positive.
    """
    require_at_least(1, channels=channels, widths=len(widths))
    for width in widths:
        require_at_least(1, width=width)
    wanted = SMALLEST_SIZE * 2 ** len(widths)
    if size != wanted:
        raise InputError(
            f"Images of {size} x {size} pixels were got with {len(widths)} widths, which halve "
            f"{wanted} x {wanted} down to {SMALLEST_SIZE} x {SMALLEST_SIZE}; {wanted} pixels are wanted, or "
            "another number of widths."
        )
