"""The trunk of VGG-19 (Simonyan & Zisserman, 2015, arXiv:1409.1556), with named taps."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch.nn.functional as F
from torch import Tensor, nn

TRUNK = (("conv1_1", 3, 64), ("conv1_2", 64, 64), ("conv2_1", 64, 128), ("conv2_2", 128, 128),
         ("conv3_1", 128, 256))  # fmt: skip
"""Name, channels in and out; a pooling stands before the second and the third group."""
TAPS = tuple(name.replace("conv", "relu") for name, _, _ in TRUNK)
MIN_SIZE = 8
"""Height and width at the least: the third group sees a quarter, of which a border is reflected."""


@final
class VGG(nn.Module):
    """VGG-19 up to conv3_1: 3x3 convolutions on reflected borders, each with a ReLU, and pooling.

    `preprocess`, a 1x1 convolution that belongs to the weights, makes of RGB in [0, 1] what the
    trunk was trained on. With the weights of Gatys et al. (2016) each channel's mean activation
    over natural images is 1.

    x (b, 3, h, w) -> {"relu1_1": (b, 64, h, w), ..., "relu3_1": (b, 256, h // 4, w // 4)}
    """

    def __init__(self, *, pool: Callable[[int], nn.Module] = nn.AvgPool2d) -> None:
        """Weights start as torch has them.

        Args:
            pool: Makes the 2x2 pooling; the mean, as Lamb et al. (2016) have it, or nn.MaxPool2d,
                as VGG was trained.
        """
        super().__init__()
        self.preprocess = nn.Conv2d(3, 3, 1)
        for name, width, out in TRUNK:
            self.add_module(name, nn.Conv2d(width, out, 3, padding=1, padding_mode="reflect"))
        self.pool = pool(2)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The activations after each ReLU, by their names in TAPS."""
        h, taps = self.preprocess(x), {}
        for (name, _, _), tap in zip(TRUNK, TAPS, strict=True):
            if name in ("conv2_1", "conv3_1"):
                h = self.pool(h)
            h = taps[tap] = F.relu(self.get_submodule(name)(h))
        return taps
