"""Residual networks of small images: a classifier (He et al., 2016), an encoder and a decoder."""

from collections.abc import Sequence
from itertools import pairwise
from typing import final

import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import InputError, require_at_least
from .convolutional import ImageGenerator

SMALLEST_SIZE = 4
"""Height and width of an autoencoder's smallest maps."""


@final
class ResNet(nn.Module):
    """6n + 2 layers (He et al., 2016, arXiv:1512.03385, section 4.2).

    They are a convolution, three stages of n blocks at widths w, 2w, 4w, and a linear map. The
    second and third stage halve height and width. With w = 16, n = 3 is ResNet-20 and n = 9
    ResNet-56; the names of the state are those of its common PyTorch weights.

    x (b, c, h, w) -> (b, out)
    """

    def __init__(self, channels: int, out: int, *, blocks: int, width: int = 16) -> None:
        """blocks: n. width: w. Convolutions are N(0, 2 / fan-in) at first (He et al., 2015)."""
        super().__init__()
        self.conv1 = _make_convolution_3x3(channels, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = _make_resnet_stage(width, width, blocks)
        self.layer2 = _make_resnet_stage(width, 2 * width, blocks)
        self.layer3 = _make_resnet_stage(2 * width, 4 * width, blocks)
        self.linear = nn.Linear(4 * width, out)

    def features(self, x: Tensor) -> Tensor:
        """The input of the linear map, a mean over places: x (b, c, h, w) -> (b, 4 width)."""
        h = F.relu(self.bn1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(h))).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.features(x))


@final
class BasicBlock(nn.Module):
    """relu(shortcut(x) + two 3x3 convolutions of x), with batch norm after each of them."""

    def __init__(self, width: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = _make_convolution_3x3(width, out, stride), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = _make_convolution_3x3(out, out, 1), nn.BatchNorm2d(out)
        self.stride, self.extra_channels = stride, out - width

    def forward(self, x: Tensor) -> Tensor:
        h = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(h + pad_shortcut(x, self.stride, self.extra_channels))


def pad_shortcut(x: Tensor, stride: int, extra_channels: int) -> Tensor:
    """Option A, without parameters: every `stride`-th place, and extra channels of zeros.

    Half of the zeros come before the channels of x and half after, as in the common weights; the
    paper does not say. x (b, c, h, w) -> (b, c + extra, ceil(h / stride), ceil(w / stride)).
    """
    before = extra_channels // 2
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, before, extra_channels - before))


def _make_resnet_stage(width: int, out: int, blocks: int) -> nn.Sequential:
    """Blocks at one width; the first strides by 2 where it widens."""
    first = BasicBlock(width, out, 1 if width == out else 2)
    return nn.Sequential(first, *(BasicBlock(out, out, 1) for _ in range(blocks - 1)))


def _make_convolution_3x3(width: int, out: int, stride: int) -> nn.Conv2d:
    """A 3x3 convolution without a bias, as batch norm follows."""
    convolution = nn.Conv2d(width, out, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return convolution


@final
class AutoencoderBlock(nn.Module):
    """shortcut(x) + two 3x3 convolutions of x, each with batch norm and LeakyReLU.

    Maggipinto et al. (2020, figure 10) name channels and layers; kernels and activations are those
    of the authors' released code. Blocks end in their activation and are then added to their input,
    while IntroVAE (Huang et al., 2018, arXiv:1807.06358), their model, adds first.
    """

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.shortcut = nn.Identity() if width == out else nn.Conv2d(width, out, 1, bias=False)
        self.layers = nn.Sequential(
            *_make_convolution_block(width, out, 3), *_make_convolution_block(out, out, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.layers(x)


def _make_convolution_block(width: int, out: int, kernel: int) -> tuple[nn.Module, ...]:
    """A convolution that keeps height and width, batch norm, and LeakyReLU of slope 0.2."""
    convolution = nn.Conv2d(width, out, kernel, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(out), nn.LeakyReLU(0.2)


def make_residual_encoder(
    channels: int, widths: Sequence[int], out: int, *, pixel_shuffle: bool = False
) -> nn.Sequential:
    """A 5x5 convolution and residual blocks, with mean pooling by 2: x (b, c, h, w) -> (b, out).

    `widths` are channels of the blocks; images have 4 * 2^len(widths) pixels a side. With
    `pixel_shuffle` 2 x 2 pixels become channels first, so that no layer works at full size.
    """
    layers: list[nn.Module] = [*_make_convolution_block(channels, widths[0], 5), nn.AvgPool2d(2)]
    if pixel_shuffle:
        layers = [nn.PixelUnshuffle(2), *_make_convolution_block(4 * channels, widths[0], 3)]
    for width, following in pairwise(widths):
        layers += [AutoencoderBlock(width, following), nn.AvgPool2d(2)]
    last = widths[-1]
    head = nn.Linear(last * SMALLEST_SIZE**2, out)
    return nn.Sequential(*layers, AutoencoderBlock(last, last), nn.Flatten(), head)


def make_residual_generator(
    channels: int, widths: Sequence[int], z: int, *, pixel_shuffle: bool = False
) -> ImageGenerator:
    """The encoder's mirror image, with its widths in its order: z (..., d) -> (..., c, h, w)."""
    last = widths[-1]
    maps = (last, SMALLEST_SIZE, SMALLEST_SIZE)
    first = nn.Sequential(nn.Linear(z, last * SMALLEST_SIZE**2), nn.ReLU(), nn.Unflatten(1, maps))
    layers: list[nn.Module] = [AutoencoderBlock(last, last), nn.Upsample(scale_factor=2)]
    for width, following in pairwise(widths[::-1]):
        layers += [AutoencoderBlock(width, following), nn.Upsample(scale_factor=2)]
    end: list[nn.Module] = [nn.Conv2d(widths[0], channels, 5, padding=2)]
    if pixel_shuffle:
        layers.pop()  # the last doubling
        end = [nn.Conv2d(widths[0], 4 * channels, 3, padding=1), nn.PixelShuffle(2)]
    layers += [AutoencoderBlock(widths[0], widths[0]), *end]
    return ImageGenerator(first, nn.Sequential(*layers))


def check_autoencoder_size(channels: int, size: int, widths: Sequence[int]) -> None:
    """Check that images of this size can be encoded.

    Raises:
        InputError: The size is not 4 * 2^len(widths), or a number is not positive.
    """
    smallest = min(widths, default=1)
    require_at_least(1, channels=channels, widths=len(widths), width=smallest)
    expected = SMALLEST_SIZE * 2 ** len(widths)
    if size != expected:
        raise InputError(
            f"The images have {size} x {size} pixels and there are {len(widths)} widths, which "
            f"halve {expected} x {expected} down to {SMALLEST_SIZE} x {SMALLEST_SIZE}; {expected} "
            "pixels are expected, or another number of widths."
        )
