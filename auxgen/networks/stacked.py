"""The authors' networks of Lamb et al. (2016, arXiv:1602.03220), at any width and size.

Kernels, widths and initialisation are those of the code behind the paper, which names few of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from torch import Tensor, nn

from ..errors import InputError
from ..functional.precision import at_least_float32

STD = 0.033
MOMENTUM = 0.05
"""Of a new batch in the running statistics."""


def started(module: nn.Module) -> None:
    """Weights N(0, 0.033^2), biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, std=STD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def normalised(layer: nn.Module, norm: nn.Module) -> list[nn.Module]:
    """A layer, batch norm, ReLU."""
    return [layer, norm, nn.ReLU()]


def maps(width: int, out: int, kernel: int, *, stride: int = 1, padding: int = 0) -> nn.Conv2d:
    """A convolution without a bias, which batch norm would take away."""
    return nn.Conv2d(width, out, kernel, stride, padding, bias=False)


def of_maps(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, momentum=MOMENTUM)


def of_units(width: int) -> nn.BatchNorm1d:
    return nn.BatchNorm1d(width, momentum=MOMENTUM)


def smallest(size: int, widths: Sequence[int]) -> int:
    """Height and width after as many halvings as there are widths.

    Raises:
        InputError: They do not come out even.
    """
    halvings = 2 ** len(widths)
    if size % halvings:
        raise InputError(
            f"Images of {size} x {size} pixels were got; wanted is a multiple of {halvings}."
        )
    return size // halvings


@final
class StackedEncoder(nn.Module):
    """Two 3x3 convolutions and a halving 2x2 one at each width, two dense layers.

    x (b, channels, size, size) -> (b, out)
    """

    def __init__(
        self, channels: int, size: int, widths: Sequence[int], hidden: int, out: int
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, width in zip((channels, *widths), widths, strict=False):
            layers += normalised(maps(before, width, 3, padding=1), of_maps(width))
            layers += normalised(maps(width, width, 3, padding=1), of_maps(width))
            layers += normalised(maps(width, width, 2, stride=2), of_maps(width))
        flat = widths[-1] * smallest(size, widths) ** 2
        dense = normalised(nn.Linear(flat, hidden), of_units(hidden))
        self.layers = nn.Sequential(*layers, nn.Flatten(), *dense, nn.Linear(hidden, out))
        self.layers.apply(started)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@final
class StackedDecoder(nn.Module):
    """The way back: z (..., r) -> (..., channels, size, size) in (0, 1), never below float32."""

    def __init__(
        self, r: int, channels: int, size: int, widths: Sequence[int], hidden: int
    ) -> None:
        super().__init__()
        small, up = smallest(size, widths), tuple(reversed(widths))
        first = up[0] * small**2
        layers: list[nn.Module] = [
            *normalised(nn.Linear(r, hidden), of_units(hidden)),
            *normalised(nn.Linear(hidden, first), of_units(first)),
            nn.Unflatten(1, (up[0], small, small)),
        ]
        for before, width in zip((up[0], *up), up, strict=False):
            layers += normalised(maps(before, width, 3, padding=1), of_maps(width))
            layers += normalised(maps(width, width, 3, padding=1), of_maps(width))
            growing = nn.ConvTranspose2d(width, width, 2, 2, bias=False)
            layers += normalised(growing, of_maps(width))
        self.layers = nn.Sequential(*layers, maps(up[-1], channels, 1))
        self.layers.apply(started)

    def forward(self, z: Tensor) -> Tensor:
        logits: Tensor = self.layers(z.flatten(0, -2))
        x = at_least_float32(logits).sigmoid()
        return x.unflatten(0, z.shape[:-1])


@final
class StackedClassifier(nn.Module):
    """Three pairs of convolutions, of which the second strides, and a dense layer, with dropout.

    `norm2`, `norm4` and `norm6`, what the strided ones put out before their ReLU, are the layers
    that the authors regularise by. Small images are padded, where the authors' convolutions would
    use them up.

    x (b, channels, size, size) -> (b, out)
    """

    def __init__(
        self, channels: int, size: int, out: int, *, width: int = 32, hidden: int = 1000
    ) -> None:
        super().__init__()
        padded, before = size < 64, channels
        self.convolutions = nn.Sequential()
        for i, (wide, kernel, stride) in enumerate(PLAN, 1):
            layer = maps(
                before, wide * width, kernel, stride=stride, padding=padded * (kernel // 2)
            )
            self.convolutions.add_module(f"conv{i}", layer)
            self.convolutions.add_module(f"norm{i}", of_maps(wide * width))
            self.convolutions.add_module(f"relu{i}", nn.ReLU())
            if stride == 2:
                self.convolutions.add_module(f"drop{i}", nn.Dropout(0.5))
            before, size = wide * width, (size + 2 * padded * (kernel // 2) - kernel) // stride + 1
        dense = normalised(nn.Linear(before * size**2, hidden), of_units(hidden))
        self.dense = nn.Sequential(nn.Flatten(), *dense, nn.Dropout(0.5))
        self.linear = nn.Linear(hidden, out)
        self.apply(started)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees: (b, channels, size, size) -> (b, hidden)."""
        return self.dense(self.convolutions(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.features(x))


PLAN = ((1, 4, 1), (1, 3, 2), (2, 4, 1), (2, 3, 2), (4, 3, 1), (4, 3, 2))
"""Width, kernel and stride of each convolution."""
STRIDED = ("convolutions.norm2", "convolutions.norm4", "convolutions.norm6")
"""The layers that the authors regularise by."""
