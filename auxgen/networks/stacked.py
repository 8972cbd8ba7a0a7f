"""The authors' networks of Lamb et al. (2016, arXiv:1602.03220), at any width and size.

Kernels, widths and initialisation are those of the authors' code; the paper names few of them.
"""

from collections.abc import Sequence
from typing import final

from torch import Tensor, nn

from ..errors import InputError
from ..functional.precision import promote_to_float32

INITIAL_STD = 0.033
MOMENTUM = 0.05
"""Weight of a new batch in the running statistics."""


def _initialize_weights(module: nn.Module) -> None:
    """Weights N(0, 0.033^2), biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, std=INITIAL_STD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _make_norm(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    if isinstance(layer, nn.Linear):
        return nn.BatchNorm1d(layer.out_features, momentum=MOMENTUM)
    return nn.BatchNorm2d(layer.out_channels, momentum=MOMENTUM)


def _add_norm_and_relu(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    """A layer, batch norm, ReLU; convolutions before batch norm have no bias."""
    return [layer, _make_norm(layer), nn.ReLU()]


def _make_convolution_pair(width: int, out: int) -> list[nn.Module]:
    """Two 3x3 convolutions that keep height and width."""
    first = _add_norm_and_relu(nn.Conv2d(width, out, 3, padding=1, bias=False))
    return first + _add_norm_and_relu(nn.Conv2d(out, out, 3, padding=1, bias=False))


def _make_doubling(width: int, out: int) -> list[nn.Module]:
    """The authors': two 3x3 convolutions, and a transposed 2x2 one that doubles the sides."""
    pair = _make_convolution_pair(width, out)
    return pair + _add_norm_and_relu(nn.ConvTranspose2d(out, out, 2, 2, bias=False))


def _make_resize_doubling(width: int, out: int) -> list[nn.Module]:
    """Each place four times, between two 3x3 convolutions."""
    layers = _make_convolution_pair(width, out)
    layers.insert(3, nn.Upsample(scale_factor=2, mode="nearest"))  # after the first one's ReLU
    return layers


def _compute_smallest_size(size: int, widths: Sequence[int]) -> int:
    """Height and width after as many halvings as there are widths; InputError if not possible."""
    factor = 2 ** len(widths)
    if size % factor:
        images = f"The images have {size} x {size} pixels"
        raise InputError(f"{images}; a multiple of {factor} is expected.")
    return size // factor


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
            layers += _make_convolution_pair(before, width)
            layers += _add_norm_and_relu(nn.Conv2d(width, width, 2, 2, bias=False))
        flat = widths[-1] * _compute_smallest_size(size, widths) ** 2
        dense = _add_norm_and_relu(nn.Linear(flat, hidden))
        self.layers = nn.Sequential(*layers, nn.Flatten(), *dense, nn.Linear(hidden, out))
        self.layers.apply(_initialize_weights)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@final
class StackedDecoder(nn.Module):
    """The encoder's mirror image: z (..., r) -> (..., channels, size, size) in (0, 1), float32."""

    def __init__(
        self,
        r: int,
        channels: int,
        size: int,
        widths: Sequence[int],
        hidden: int,
        *,
        resize_convolutions: bool = False,
    ) -> None:
        """resize_convolutions: Double maps by repetition, as Odena et al. (2016) advise.

        The authors' last two convolutions, a transposed 2x2 one with a stride of 2 and a 1x1 one,
        make each 2x2 block of an image apart from all others, so that a pattern of two pixels is
        the easiest thing to learn.
        """
        super().__init__()
        small, up = _compute_smallest_size(size, widths), tuple(reversed(widths))
        first = up[0] * small**2
        layers: list[nn.Module] = [
            *_add_norm_and_relu(nn.Linear(r, hidden)),
            *_add_norm_and_relu(nn.Linear(hidden, first)),
            nn.Unflatten(1, (up[0], small, small)),
        ]
        make_doubling = _make_resize_doubling if resize_convolutions else _make_doubling
        for before, width in zip((up[0], *up), up, strict=False):
            layers += make_doubling(before, width)
        side = 3 if resize_convolutions else 1
        last = nn.Conv2d(up[-1], channels, side, padding=side // 2, bias=False)
        self.layers = nn.Sequential(*layers, last)
        self.layers.apply(_initialize_weights)

    def forward(self, z: Tensor) -> Tensor:
        logits: Tensor = self.layers(z.flatten(0, -2))
        x = promote_to_float32(logits).sigmoid()
        return x.unflatten(0, z.shape[:-1])


@final
class StackedClassifier(nn.Module):
    """Three pairs of convolutions, the second of which strides, and a dense layer, with dropout.

    The authors regularise by `norm2`, `norm4` and `norm6`, the outputs of the strided ones before
    their ReLU. Small images are padded, as the authors' convolutions would leave nothing of them.

    x (b, channels, size, size) -> (b, out)
    """

    def __init__(
        self,
        channels: int,
        size: int,
        out: int,
        *,
        width: int = 32,
        hidden: int = 1000,
        pooled: bool = False,
    ) -> None:
        """pooled: Average 2x2 after the second, fourth and sixth ReLU in place of the strides."""
        super().__init__()
        padded, before = size < 64, channels
        self.convolutions = nn.Sequential()
        for i, (wide, kernel, stride) in enumerate(CLASSIFIER_CONVOLUTIONS, 1):
            padding = padded * (kernel // 2)
            step = 1 if pooled else stride
            layer = nn.Conv2d(before, wide * width, kernel, step, padding, bias=False)
            self.convolutions.add_module(f"conv{i}", layer)
            self.convolutions.add_module(f"norm{i}", _make_norm(layer))
            self.convolutions.add_module(f"relu{i}", nn.ReLU())
            if stride == 2:
                self.convolutions.add_module(f"drop{i}", nn.Dropout(0.5))
            before, size = wide * width, (size + 2 * padding - kernel) // step + 1
            if step < stride:
                self.convolutions.add_module(f"pool{i}", nn.AvgPool2d(stride))
                size //= stride
        dense = _add_norm_and_relu(nn.Linear(before * size**2, hidden))
        self.dense = nn.Sequential(nn.Flatten(), *dense, nn.Dropout(0.5))
        self.linear = nn.Linear(hidden, out)
        self.apply(_initialize_weights)

    def features(self, x: Tensor) -> Tensor:
        """The input of the last layer: (b, channels, size, size) -> (b, hidden)."""
        return self.dense(self.convolutions(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.features(x))


CLASSIFIER_CONVOLUTIONS = ((1, 4, 1), (1, 3, 2), (2, 4, 1), (2, 3, 2), (4, 3, 1), (4, 3, 2))
"""Width, kernel and stride of each convolution."""
STRIDED_LAYERS = ("convolutions.norm2", "convolutions.norm4", "convolutions.norm6")
"""The layers by which the authors regularise."""
