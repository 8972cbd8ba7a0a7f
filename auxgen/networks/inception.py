"""The Inception network by which FID, KID and the Inception score are defined.

Szegedy et al. (2016, arXiv:1512.00567) with 1008 outputs, as in the TensorFlow graph of 2015-12-05:
mean pooling at a border excludes the padding, and the last block has maximum pooling. The names of
the state are those of its common PyTorch weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INPUT_SIZE = 299
POOL3_WIDTH = 2048
CLASSES = 1008

Kernel = tuple[int, int]
Branch = Sequence[tuple[int, tuple[Kernel, ...]]]
"""Convolutions one after the other: channels out, kernels; several kernels are side by side."""

POINT, THREE, FIVE = ((1, 1),), ((3, 3),), ((5, 5),)
ROW, COLUMN, CROSS = ((1, 7),), ((7, 1),), ((1, 3), (3, 1))


@final
class Inception(nn.Module):
    """x (b, 3, 299, 299), pixel values as (value - 128) / 128 -> pool3 (b, 2048)."""

    def __init__(self) -> None:
        super().__init__()
        trunk = _make_inception_layers()
        self.order = tuple(trunk)
        for name, layer in trunk.items():
            self.add_module(name, layer)
        self.fc = nn.Linear(POOL3_WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        for name in self.order:
            x = self.get_submodule(name)(x)
        return x.mean((2, 3))

    def logits(self, pool3: Tensor) -> Tensor:
        """pool3 (b, 2048) -> (b, 1008), without the bias, as the Inception score's authors do."""
        return F.linear(pool3, self.fc.weight)


def _make_inception_layers() -> dict[str, nn.Module]:
    """Layers from pixels to the last block, in order, by their names in the state."""
    branches_6a = {
        "branch3x3": [(384, THREE)],
        "branch3x3dbl": [(64, POINT), (96, THREE), (96, THREE)],
    }
    branches_7a = {
        "branch3x3": [(192, POINT), (320, THREE)],
        "branch7x7x3": [(192, POINT), (192, ROW), (192, COLUMN), (192, THREE)],
    }
    return {
        "Conv2d_1a_3x3": ConvolutionBlock(3, 32, (3, 3), stride=2),
        "Conv2d_2a_3x3": ConvolutionBlock(32, 32, (3, 3)),
        "Conv2d_2b_3x3": ConvolutionBlock(32, 64, (3, 3), same=True),
        "MaxPool_1": nn.MaxPool2d(3, stride=2),
        "Conv2d_3b_1x1": ConvolutionBlock(64, 80, (1, 1)),
        "Conv2d_4a_3x3": ConvolutionBlock(80, 192, (3, 3)),
        "MaxPool_2": nn.MaxPool2d(3, stride=2),
        "Mixed_5b": _make_block_35(192, 32),
        "Mixed_5c": _make_block_35(256, 64),
        "Mixed_5d": _make_block_35(288, 64),
        "Mixed_6a": InceptionBlock(288, branches_6a, stride=2),
        "Mixed_6b": _make_block_17(128),
        "Mixed_6c": _make_block_17(160),
        "Mixed_6d": _make_block_17(160),
        "Mixed_6e": _make_block_17(192),
        "Mixed_7a": InceptionBlock(768, branches_7a, stride=2),
        "Mixed_7b": _make_block_8(1280, make_mean_pool()),
        "Mixed_7c": _make_block_8(POOL3_WIDTH, nn.MaxPool2d(3, stride=1, padding=1)),
    }


def _make_block_35(width: int, pooled: int) -> InceptionBlock:
    """A block on 35x35 places: -> 224 + pooled channels."""
    branches = {
        "branch1x1": [(64, POINT)],
        "branch5x5": [(48, POINT), (64, FIVE)],
        "branch3x3dbl": [(64, POINT), (96, THREE), (96, THREE)],
    }
    return InceptionBlock(width, branches, pool=make_mean_pool(), pooled=pooled)


def _make_block_17(w: int) -> InceptionBlock:
    """A block on 17x17 places, 7x7 kernels in two parts of w channels: 768 -> 768 channels."""
    branches = {
        "branch1x1": [(192, POINT)],
        "branch7x7": [(w, POINT), (w, ROW), (192, COLUMN)],
        "branch7x7dbl": [(w, POINT), (w, COLUMN), (w, ROW), (w, COLUMN), (192, ROW)],
    }
    return InceptionBlock(768, branches, pool=make_mean_pool(), pooled=192)


def _make_block_8(width: int, pool: nn.Module) -> InceptionBlock:
    """A block on 8x8 places: -> 2048 channels."""
    branches = {
        "branch1x1": [(320, POINT)],
        "branch3x3": [(384, POINT), (384, CROSS)],
        "branch3x3dbl": [(448, POINT), (384, THREE), (384, CROSS)],
    }
    return InceptionBlock(width, branches, pool=pool, pooled=192)


def make_mean_pool() -> nn.Module:
    """Mean pooling of 3x3 places, which excludes the padding at a border, as in TensorFlow."""
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


@final
class InceptionBlock(nn.Module):
    """Branches side by side, with their channels concatenated; a pooled branch comes last.

    A branch's convolutions are named "<branch>_1", "<branch>_2", ..., parallel ones "_2a", "_2b";
    the convolution of a branch with one has the branch's name.

    x (b, width, h, w) -> (b, sum of the branches', h, w), or about half of h and w at stride 2.
    """

    def __init__(
        self,
        width: int,
        branches: Mapping[str, Branch],
        *,
        stride: int = 1,
        pool: nn.Module | None = None,
        pooled: int = 0,
    ) -> None:
        """A block.

        Args:
            width: Channels of x.
            branches: Branches by name.
            stride: Stride of the branches' last convolutions and of the pooling; 2: no padding.
            pool: Pooling of the pooled branch; None for the maximum of 3x3.
            pooled: Channels of a 1x1 convolution of the pooled maps, "branch_pool"; 0 for none.
        """
        super().__init__()
        self.paths = [self._register_path(name, width, b, stride) for name, b in branches.items()]
        self.pool = pool or nn.MaxPool2d(3, stride=stride)
        last = [(pooled, POINT)] if pooled else []
        self.last = self._register_path("branch_pool", width, last, 1)

    def _register_path(self, name: str, width: int, branch: Branch, stride: int) -> list[list[str]]:
        """Register a branch's convolutions, and return their names, parallel ones together."""
        steps = []
        for i, (out, kernels) in enumerate(branch, 1):
            stem = f"{name}_{i}" if len(branch) > 1 else name
            names = [stem + suffix for suffix in ("ab" if len(kernels) > 1 else ("",))]
            for each, kernel in zip(names, kernels, strict=True):
                by = stride if i == len(branch) else 1
                self.add_module(each, ConvolutionBlock(width, out, kernel, stride=by, same=by == 1))
            steps.append(names)
            width = out * len(kernels)
        return steps

    def _follow_path(self, path: list[list[str]], x: Tensor) -> Tensor:
        for names in path:
            x = torch.cat([self.get_submodule(name)(x) for name in names], 1)
        return x

    def forward(self, x: Tensor) -> Tensor:
        branches = [self._follow_path(path, x) for path in self.paths]
        return torch.cat([*branches, self._follow_path(self.last, self.pool(x))], 1)


@final
class ConvolutionBlock(nn.Module):
    """A convolution without a bias, batch norm, ReLU; `same` keeps height and width."""

    def __init__(
        self, width: int, out: int, kernel: Kernel, *, stride: int = 1, same: bool = False
    ) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if same else 0
        self.conv = nn.Conv2d(width, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


def resize_like_tensorflow_1(x: Tensor, size: int) -> Tensor:
    """Bilinear, never antialiased: place i of the result lies at i * old / new of the picture.

    TensorFlow 1 has no offset of half a pixel here, unlike torch's align_corners=False.
    x (b, c, h, w), floats -> (b, c, size, size).
    """
    for dim in (3, 2):
        n = x.shape[dim]
        at = torch.arange(size, dtype=torch.float32, device=x.device) * (n / size)
        below = at.long().clamp(max=n - 1)
        part = (at - below).to(x.dtype).view(-1, *[1] * (3 - dim))
        low, high = (x.index_select(dim, i) for i in (below, (below + 1).clamp(max=n - 1)))
        x = low + (high - low) * part
    return x
