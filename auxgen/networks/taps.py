"""What a network says on the way: activations of layers by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from torch import Tensor, nn

from ..data.dataset import Preprocessor
from ..errors import InputError, unknown_name
from .vgg import TAPS, VGG


class _StopForward(Exception):
    """Every layer that is wanted has spoken."""


@final
class TappedNetwork(nn.Module):
    """Outputs of any network's layers by their dotted names, as `named_modules` has them.

    Of a layer that is used more than once, the first. What comes after the last of them is not
    computed.

    raw images (b, c, h, w) in [0, 1] -> {"layer1.0": (b, ...), ...}
    """

    def __init__(
        self, network: nn.Module, layers: Sequence[str], space: Preprocessor | None = None
    ):
        """space: How the network sees raw images; as they are where None.

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
        found: dict[str, Tensor] = {}

        def keep(layer: str) -> Any:
            def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
                found.setdefault(layer, output)
                if len(found) == len(set(self.layers)):
                    raise _StopForward

            return hook

        hooks = [
            self.network.get_submodule(layer).register_forward_hook(keep(layer))
            for layer in self.layers
        ]
        try:
            self.network(raw if self.space is None else self.space.transform(raw))
        except _StopForward:
            pass
        finally:
            for hook in hooks:
                hook.remove()
        if missed := [layer for layer in self.layers if layer not in found]:
            raise InputError(
                f"{type(self.network).__name__} has a layer {missed[0]} and does not use it; one "
                "that an image passes through is wanted."
            )
        return {layer: found[layer] for layer in self.layers}


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
        every = self.network(raw)
        return {layer: every[layer] for layer in self.layers}
