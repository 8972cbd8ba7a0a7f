"""Activations of networks' layers by their names, VGG-19 among them, and their blur."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data.dataset import Preprocessor
from ..errors import InputError, unknown_name

TRUNK = (("conv1_1", 3, 64), ("conv1_2", 64, 64), ("conv2_1", 64, 128), ("conv2_2", 128, 128),
         ("conv3_1", 128, 256))  # fmt: skip
"""Name, channels in and out; a pooling comes before the second and the third group."""
TAPS = tuple(name.replace("conv", "relu") for name, _, _ in TRUNK)
MIN_SIZE = 8
"""Least height and width: the third group sees a quarter, of which a border is reflected."""


class _StopForward(Exception):
    """Raised when all activations are known, to skip the layers after them."""


@final
class TappedNetwork(nn.Module):
    """Outputs of any network's layers by their dotted names, as in `named_modules`.

    Of a layer that is used more than once it is the first. The computation stops after the last of
    these layers.

    raw images (b, c, h, w) in [0, 1] -> {"layer1.0": (b, ...), ...}
    """

    def __init__(
        self, network: nn.Module, layers: Sequence[str], space: Preprocessor | None = None
    ):
        """space: How the network sees raw images; unchanged where None.

        Raises:
            InputError: There is no such layer.
        """
        super().__init__()
        known = [name for name, _ in network.named_modules() if name]
        for layer in layers:
            if layer not in known:
                raise unknown_name("layer", layer, known)
        self.network, self.layers, self.space = network, tuple(layers), space

    def forward(self, raw: Tensor) -> dict[str, Tensor]:
        outputs: dict[str, Tensor] = {}

        def store_output(layer: str, _module: nn.Module, _inputs: Any, output: Tensor) -> None:
            outputs.setdefault(layer, output)
            if len(outputs) == len(set(self.layers)):
                raise _StopForward

        hooks = [
            self.network.get_submodule(layer).register_forward_hook(partial(store_output, layer))
            for layer in self.layers
        ]
        try:
            self.network(raw if self.space is None else self.space.transform(raw))
        except _StopForward:
            pass
        finally:
            for hook in hooks:
                hook.remove()
        if missed := [layer for layer in self.layers if layer not in outputs]:
            raise InputError(
                f"{type(self.network).__name__} has a layer {missed[0]} and does not use it; "
                "a layer that images pass through is expected."
            )
        return {layer: outputs[layer] for layer in self.layers}


@final
class VGG(nn.Module):
    """VGG-19 (Simonyan & Zisserman, 2015, arXiv:1409.1556) up to conv3_1.

    It has 3x3 convolutions on reflected borders, each with a ReLU, and pooling.

    `preprocess`, a 1x1 convolution that belongs to the weights, maps RGB in [0, 1] to the trunk's
    inputs in training. With the weights of Gatys et al. (2016) each channel's mean activation over
    natural images is 1.

    x (b, 3, h, w) -> {"relu1_1": (b, 64, h, w), ..., "relu3_1": (b, 256, h // 4, w // 4)}
    """

    def __init__(self, *, pool: Callable[[int], nn.Module] = nn.AvgPool2d) -> None:
        """pool: Makes the 2x2 pooling: the mean (Lamb et al., 2016), or nn.MaxPool2d, VGG's own."""
        super().__init__()
        self.preprocess = nn.Conv2d(3, 3, 1)
        for name, width, out in TRUNK:
            self.add_module(name, nn.Conv2d(width, out, 3, padding=1, padding_mode="reflect"))
        self.pool = pool(2)

    def forward(self, x: Tensor, last: str = TAPS[-1]) -> dict[str, Tensor]:
        """The activations after each ReLU up to `last`, by their names in TAPS."""
        h, taps = self.preprocess(x), {}
        for (name, _, _), tap in zip(TRUNK, TAPS, strict=True):
            if name in ("conv2_1", "conv3_1"):
                h = self.pool(h)
            h = taps[tap] = F.relu(self.get_submodule(name)(h))
            if tap == last:
                break
        return taps


@final
class TappedVGG(nn.Module):
    """Some of the taps of VGG-19: raw RGB images in [0, 1] -> {"relu1_1": (b, 64, h, w), ...}"""

    def __init__(self, network: VGG, layers: Sequence[str]) -> None:
        super().__init__()
        for layer in layers:
            if layer not in TAPS:
                raise unknown_name("layer", layer, TAPS)
        self.network, self.layers = network, tuple(layers)

    def forward(self, raw: Tensor) -> dict[str, Tensor]:
        every = self.network(raw, max(self.layers, key=TAPS.index))
        return {layer: every[layer] for layer in self.layers}


@final
class Blur(nn.Module):
    """Convolution of each map with a Gaussian, on reflected borders: (b, c, h, w) -> the same."""

    kernel: Tensor

    def __init__(self, std: float, size: int = 5) -> None:
        """std: Standard deviation in places of the map. size: Width of the kernel, odd."""
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
