"""Residual networks of small images (He et al., 2016, arXiv:1512.03385, section 4.2)."""

from __future__ import annotations

from typing import final

import torch.nn.functional as F
from torch import Tensor, nn


@final
class ResNet(nn.Module):
    """6n + 2 layers: a convolution, three stages of n blocks at widths w, 2w, 4w, a linear map.

    The second and third stage halve height and width. With w = 16, n = 3 is ResNet-20 and n = 9
    ResNet-56; the names of the state are those of its common PyTorch weights.

    x (b, c, h, w) -> (b, out)
    """

    def __init__(self, channels: int, out: int, *, blocks: int, width: int = 16) -> None:
        """Convolutions start as He et al. (2015) have them, normal of variance 2 / fan-in.

        Args:
            channels: Of x.
            out: Width of the output.
            blocks: Blocks n in each stage.
            width: Channels w of the first stage.
        """
        super().__init__()
        self.conv1 = _make_convolution_3x3(channels, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = _make_resnet_stage(width, width, blocks)
        self.layer2 = _make_resnet_stage(width, 2 * width, blocks)
        self.layer3 = _make_resnet_stage(2 * width, 4 * width, blocks)
        self.linear = nn.Linear(4 * width, out)

    def features(self, x: Tensor) -> Tensor:
        """What the linear map sees, the mean over places: x (b, c, h, w) -> (b, 4 width)."""
        h = F.relu(self.bn1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(h))).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.features(x))


@final
class BasicBlock(nn.Module):
    """relu(shortcut(x) + two 3x3 convolutions of x), each followed by batch norm."""

    def __init__(self, width: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = _make_convolution_3x3(width, out, stride), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = _make_convolution_3x3(out, out, 1), nn.BatchNorm2d(out)
        self.stride, self.extra_channels = stride, out - width

    def forward(self, x: Tensor) -> Tensor:
        h = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(h + pad_shortcut(x, self.stride, self.extra_channels))


def pad_shortcut(x: Tensor, stride: int, extra_channels: int) -> Tensor:
    """Option A, without parameters: every `stride`-th place, and `extra_channels` channels of zeros.

    Half of the zeros come before the channels of x and half after, as the common weights have it;
    the paper does not say. x (b, c, h, w) -> (b, c + more, ceil(h / stride), ceil(w / stride)).
    """
    before = extra_channels // 2
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, before, extra_channels - before))


def _make_resnet_stage(width: int, out: int, blocks: int) -> nn.Sequential:
    """Blocks at one width; the first strides by 2 where it widens."""
    first = BasicBlock(width, out, 1 if width == out else 2)
    return nn.Sequential(first, *(BasicBlock(out, out, 1) for _ in range(blocks - 1)))


def _make_convolution_3x3(width: int, out: int, stride: int) -> nn.Conv2d:
    """3x3, without a bias, which batch norm would take away."""
    made = nn.Conv2d(width, out, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(made.weight, nonlinearity="relu")
    return made
