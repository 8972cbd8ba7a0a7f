"""Networks of photographs by name, whose features models learn from; without their weights."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, cast, final

import torch
from torch import Tensor, nn

from ..errors import InputError, take_first_line, unknown_name
from .efficientnet_lite import EfficientNetLite

VARIANTS: Mapping[str, str] = MappingProxyType(
    {"efficientnet-lite0": "lite0", "efficientnet-lite2": "lite2"}
)
"""EfficientNet-Lite by name; packages have the weights of these two."""
TIMM_PREFIX = "timm:"


class Backbone(Protocol):
    """A network with features of pictures."""

    side: int
    """Height and width that pictures get where nobody says otherwise."""

    def features(self, x: Tensor) -> Tensor:
        """x (b, 3, h, w) in [0, 1] -> (b, d)."""
        ...


def is_backbone_name(name: str) -> bool:
    """Whether a name is that of a network of this module."""
    return name in VARIANTS or name.startswith(TIMM_PREFIX)


def build_backbone(name: str, **options: Any) -> nn.Module:
    """A network with new weights; it is a `Backbone`.

    Args:
        name: A name in VARIANTS, or "timm:NAME" for any model of the package timm.
        options: Of `timm.create_model`.

    Raises:
        InputError: There is no such network, or timm cannot be imported.
    """
    if name.startswith(TIMM_PREFIX):
        return TimmBackbone(name.removeprefix(TIMM_PREFIX), **options)
    if name not in VARIANTS:
        raise unknown_name("network of photographs", name, [*VARIANTS, f"{TIMM_PREFIX}NAME"])
    return EfficientNetLite(VARIANTS[name])


@final
class TimmBackbone(nn.Module):
    """A model of the package timm without its last layer; pixels are standardised as it expects.

    x (b, 3, h, w) in [0, 1] -> (b, d)
    """

    mean: Tensor
    std: Tensor

    def __init__(self, name: str, **options: Any) -> None:
        """name: As timm has it, such as "resnet18.a1_in1k"."""
        super().__init__()
        timm = _import_timm(name)
        try:
            self.network = timm.create_model(name, num_classes=0, **options)
        except RuntimeError as error:  # of an unknown name
            reason = take_first_line(error)
            raise InputError(f"timm refuses the model {name!r}: {reason}.") from error
        known = timm.data.resolve_model_data_config(self.network)
        self.side = int(known["input_size"][-1])
        for key in ("mean", "std"):
            self.register_buffer(key, torch.tensor(known[key]).view(3, 1, 1))

    def features(self, x: Tensor) -> Tensor:
        return self.network((x - self.mean) / self.std)

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x)


def _import_timm(model: str) -> Any:
    """The package timm, for a model of it.

    Raises:
        InputError: It is not installed, or it, or torchvision that it needs, cannot be imported.
    """
    try:
        import timm  # pyright: ignore[reportMissingImports]
        import timm.data  # pyright: ignore[reportMissingImports]
    except Exception as error:  # a torchvision of another torch raises errors of many kinds
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(
            f"timm:{model} needs the package timm and the torchvision of this torch, which cannot "
            f"be imported ({reason}); install them, or choose {' or '.join(VARIANTS)}."
        ) from error
    return cast(Any, timm)
