"""The authors' networks of Lamb et al. (2016, arXiv:1602.03220), at any width and size.

Kernels, widths and initialisation are those of the code behind the paper, which names few of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from torch import Tensor, nn

from ..errors import InputError
from ..functional.precision import promote_to_float32

INITIAL_STD = 0.033
MOMENTUM = 0.05
"""Of a new batch in the running statistics."""


def _initialize_weights(module: nn.Module) -> None:
    """Weights N(0, 0.033^2), biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, std=INITIAL_STD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _add_norm_and_relu(layer: nn.Module, norm: nn.Module) -> list[nn.Module]:
    """A layer, batch norm, ReLU."""
    return [layer, norm, nn.ReLU()]


def _make_convolution_without_bias(
    width: int, out: int, kernel: int, *, stride: int = 1, padding: int = 0
) -> nn.Conv2d:
    """A convolution without a bias, which batch norm would take away."""
    return nn.Conv2d(width, out, kernel, stride, padding, bias=False)


def _make_map_norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, momentum=MOMENTUM)


def _make_unit_norm(width: int) -> nn.BatchNorm1d:
    return nn.BatchNorm1d(width, momentum=MOMENTUM)


def _compute_smallest_size(size: int, widths: Sequence[int]) -> int:
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
            layers += _add_norm_and_relu(
                _make_convolution_without_bias(before, width, 3, padding=1), _make_map_norm(width)
            )
            layers += _add_norm_and_relu(
                _make_convolution_without_bias(width, width, 3, padding=1), _make_map_norm(width)
            )
            layers += _add_norm_and_relu(
                _make_convolution_without_bias(width, width, 2, stride=2), _make_map_norm(width)
            )
        flat = widths[-1] * _compute_smallest_size(size, widths) ** 2
        dense = _add_norm_and_relu(nn.Linear(flat, hidden), _make_unit_norm(hidden))
        self.layers = nn.Sequential(*layers, nn.Flatten(), *dense, nn.Linear(hidden, out))
        self.layers.apply(_initialize_weights)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@final
class StackedDecoder(nn.Module):
    """The way back: z (..., r) -> (..., channels, size, size) in (0, 1), never below float32."""

    def __init__(
        self, r: int, channels: int, size: int, widths: Sequence[int], hidden: int
    ) -> None:
        super().__init__()
        small, up = _compute_smallest_size(size, widths), tuple(reversed(widths))
        first = up[0] * small**2
        layers: list[nn.Module] = [
            *_add_norm_and_relu(nn.Linear(r, hidden), _make_unit_norm(hidden)),
            *_add_norm_and_relu(nn.Linear(hidden, first), _make_unit_norm(first)),
            nn.Unflatten(1, (up[0], small, small)),
        ]
        for before, width in zip((up[0], *up), up, strict=False):
            layers += _add_norm_and_relu(
                _make_convolution_without_bias(before, width, 3, padding=1), _make_map_norm(width)
            )
            layers += _add_norm_and_relu(
                _make_convolution_without_bias(width, width, 3, padding=1), _make_map_norm(width)
            )
            growing = nn.ConvTranspose2d(width, width, 2, 2, bias=False)
            layers += _add_norm_and_relu(growing, _make_map_norm(width))
        self.layers = nn.Sequential(*layers, _make_convolution_without_bias(up[-1], channels, 1))
        self.layers.apply(_initialize_weights)

    def forward(self, z: Tensor) -> Tensor:
        logits: Tensor = self.layers(z.flatten(0, -2))
        x = promote_to_float32(logits).sigmoid()
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
        for i, (wide, kernel, stride) in enumerate(CLASSIFIER_CONVOLUTIONS, 1):
            layer = _make_convolution_without_bias(
                before, wide * width, kernel, stride=stride, padding=padded * (kernel // 2)
            )
            self.convolutions.add_module(f"conv{i}", layer)
            self.convolutions.add_module(f"norm{i}", _make_map_norm(wide * width))
            self.convolutions.add_module(f"relu{i}", nn.ReLU())
            if stride == 2:
                self.convolutions.add_module(f"drop{i}", nn.Dropout(0.5))
            before, size = wide * width, (size + 2 * padded * (kernel // 2) - kernel) // stride + 1
        dense = _add_norm_and_relu(nn.Linear(before * size**2, hidden), _make_unit_norm(hidden))
        self.dense = nn.Sequential(nn.Flatten(), *dense, nn.Dropout(0.5))
        self.linear = nn.Linear(hidden, out)
        self.apply(_initialize_weights)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees: (b, channels, size, size) -> (b, hidden)."""
        return self.dense(self.convolutions(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.features(x))


CLASSIFIER_CONVOLUTIONS = ((1, 4, 1), (1, 3, 2), (2, 4, 1), (2, 3, 2), (4, 3, 1), (4, 3, 2))
"""Width, kernel and stride of each convolution."""
STRIDED_LAYERS = ("convolutions.norm2", "convolutions.norm4", "convolutions.norm6")
"""The layers that the authors regularise by."""
