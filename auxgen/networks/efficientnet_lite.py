"""EfficientNet-Lite: small networks of photographs, trained on ImageNet."""

from collections.abc import Mapping
from math import ceil
from types import MappingProxyType
from typing import NamedTuple, final

import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 1280
"""Features of every variant."""
CLASSES = 1000
EPSILON, MOMENTUM = 1e-3, 0.01
"""Of batch norm; torch's momentum is 1 - that of the paper's code, 0.99."""

SIDE = 96
"""Height and width of pictures where nobody says otherwise: a fifth of the time of 224."""


class _Stage(NamedTuple):
    """Blocks alike: how many, size of the kernel, stride of the first, expansion, channels."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
"""Table 1 of Tan & Le (2019), without squeeze and excitation."""


class NetworkScale(NamedTuple):
    """Factors on the channels and on the blocks of a stage, and the size it was trained at."""

    width: float
    depth: float
    size: int


SCALES: Mapping[str, NetworkScale] = MappingProxyType(
    {
        "lite0": NetworkScale(1.0, 1.0, 224),
        "lite1": NetworkScale(1.0, 1.1, 240),
        "lite2": NetworkScale(1.1, 1.2, 260),
        "lite3": NetworkScale(1.2, 1.4, 280),
        "lite4": NetworkScale(1.4, 1.8, 300),
    }
)


@final
class EfficientNetLite(nn.Module):
    """EfficientNet (Tan & Le, 2019, arXiv:1905.11946) without squeeze and excitation, with ReLU6.

    As the authors' code has it (tensorflow/tpu, efficientnet/lite), the stem, the head, and the
    number of blocks of the first and last stage are the same at all scales. Padding is
    TensorFlow's "SAME". Pixels are seen as (255 x - 127) / 128.

    x (b, 3, h, w) in [0, 1] -> logits (b, 1000)

    Attributes:
        side: Height and width of pictures where nobody says otherwise.
        stage_ends: Names of the last block of each stage.
    """

    def __init__(self, variant: str = "lite0") -> None:
        """variant: A name in SCALES."""
        super().__init__()
        self.side = SIDE
        scale, width = SCALES[variant], 32
        self.conv_stem = _SameConv2d(3, width, 3, stride=2)
        self.bn0 = _make_batch_norm(width)
        blocks: list[InvertedResidual] = []
        ends: list[str] = []
        for i, stage in enumerate(_STAGES):
            fixed = i in (0, len(_STAGES) - 1)
            count = stage.blocks if fixed else ceil(scale.depth * stage.blocks)
            out = round_channels(scale.width * stage.width)
            for stride in (stage.stride, *[1] * (count - 1)):
                blocks.append(InvertedResidual(width, out, stage.kernel, stride, stage.expansion))
                width = out
            ends.append(f"blocks.{len(blocks) - 1}")
        self.stage_ends = tuple(ends)
        self.blocks = nn.Sequential(*blocks)
        self.conv_head, self.bn1 = _SameConv2d(width, WIDTH, 1), _make_batch_norm(WIDTH)
        self.fc = nn.Linear(WIDTH, CLASSES)

    def maps(self, x: Tensor) -> Tensor:
        """The last maps: x (b, 3, h, w) -> (b, 1280, h', w'), a 32nd of each side, rounded up."""
        h = F.relu6(self.bn0(self.conv_stem((255 * x - 127) / 128)))
        return F.relu6(self.bn1(self.conv_head(self.blocks(h))))

    def features(self, x: Tensor) -> Tensor:
        """The mean of the last maps over places: x (b, 3, h, w) -> (b, 1280)."""
        return self.maps(x).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.features(x))


@final
class InvertedResidual(nn.Module):
    """A 1x1 convolution that widens, one of each channel alone, and a 1x1 that narrows.

    The block's input is added where it has the shape of the output (Sandler et al., 2018).
    """

    def __init__(self, width: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = expansion * width
        self.is_residual = stride == 1 and width == out
        self.expands = expansion > 1
        if self.expands:
            self.expand_conv, self.bn0 = _SameConv2d(width, inner, 1), _make_batch_norm(inner)
        self.depthwise_conv = _SameConv2d(inner, inner, kernel, stride=stride, groups=inner)
        self.bn1 = _make_batch_norm(inner)
        self.project_conv, self.bn2 = _SameConv2d(inner, out, 1), _make_batch_norm(out)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        h = F.relu6(self.bn1(self.depthwise_conv(h)))
        h = self.bn2(self.project_conv(h))
        return x + h if self.is_residual else h


@final
class _SameConv2d(nn.Conv2d):
    """A convolution without a bias, padded as TensorFlow's "SAME": more at the end where uneven."""

    def __init__(self, width: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1):
        super().__init__(width, out, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        pads = [count_same_padding(side, kernel, stride) for side in reversed(input.shape[2:])]
        if any(pads):
            input = F.pad(input, [part for pad in pads for part in (pad // 2, pad - pad // 2)])
        return super().forward(input)


def count_same_padding(side: int, kernel: int, stride: int) -> int:
    """Places added to a side so that ceil(side / stride) remain of it, at both ends together."""
    return max((ceil(side / stride) - 1) * stride + kernel - side, 0)


def round_channels(width: float) -> int:
    """The nearest multiple of 8, or the next where that takes away more than a tenth."""
    nearest = max(8, int(width + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * width else nearest


def _make_batch_norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=EPSILON, momentum=MOMENTUM)
