"""A Gaussian blur of every map apart."""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@final
class Blur(nn.Module):
    """Convolution of each map with a Gaussian, on reflected borders: (b, c, h, w) -> the same."""

    kernel: Tensor

    def __init__(self, std: float, size: int = 5) -> None:
        """std: Of the Gaussian, in places of the map. size: Its width, odd."""
        super().__init__()
        places = torch.arange(size) - size // 2
        line = torch.exp(-0.5 * (places / std) ** 2)
        self.register_buffer("kernel", line / line.sum())

    def forward(self, h: Tensor) -> Tensor:
        width, half = h.shape[1], len(self.kernel) // 2
        h = F.pad(h, (half, half, half, half), mode="reflect")
        across, down = self.kernel.view(1, 1, 1, -1), self.kernel.view(1, 1, -1, 1)
        h = F.conv2d(h, across.expand(width, -1, -1, -1), groups=width)
        return F.conv2d(h, down.expand(width, -1, -1, -1), groups=width)
