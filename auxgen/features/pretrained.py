"""Extractors whose weights are in the folder AUXGEN_WEIGHTS."""

import hashlib
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeVar, final

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..files import compute_checksum, unpack_tensors
from ..networks.residual import ResNet
from ..networks.taps import MIN_SIZE, TRUNK, VGG
from .extractors import ExtractedFeatures, Extractor, make_extractor, resize_pictures

RESNET56_FILE = "cifar10_resnet56.safetensors"
VGG19_FILE = "vgg19_normalised_to_conv3_1.safetensors"
VGG19_HUB_REPOSITORY = "timm/vgg19.tv_in1k"
"""Repository on the hub with weights of VGG-19."""
CIFAR10_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

M = TypeVar("M", bound=nn.Module)


class PretrainedWeights(NamedTuple):
    """The tensors of a file, its SHA-256 and its path."""

    tensors: Mapping[str, Tensor]
    sha256: str
    file: Path


def get_weights_folder() -> Path | None:
    """The folder AUXGEN_WEIGHTS; None where it is not set."""
    root = os.environ.get("AUXGEN_WEIGHTS")
    return Path(root).expanduser() if root else None


def _read_weights(file: str, user: str) -> PretrainedWeights:
    """A safetensors file of the folder AUXGEN_WEIGHTS; errors name its `user`.

    Raises:
        InputError: The folder is not set, or the file is missing or truncated.
    """
    root = get_weights_folder()
    if root is None:
        raise InputError(f"{user} needs {file}; set AUXGEN_WEIGHTS to the folder that holds it.")
    path = root / file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{user} needs {path}, which cannot be read ({error.strerror}); put it there."
        ) from error
    return PretrainedWeights(unpack_tensors(data, path), compute_checksum(data), path)


def read_torch_weights(file: Path, sha256_prefix: str) -> PretrainedWeights:
    """The tensors of a file of torch's format; no code in it is executed.

    Raises:
        InputError: It is truncated or another file.
    """
    with file.open("rb") as data:
        sha256 = hashlib.file_digest(data, "sha256").hexdigest()
    if not sha256.startswith(sha256_prefix):
        raise InputError(
            f"{file} is truncated or another file: its SHA-256 begins with "
            f"{sha256[: len(sha256_prefix)]}, expected {sha256_prefix}."
        )
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise InputError(
            f"{file} holds more than weights, or none; only weights are expected."
        ) from error
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise InputError(f"{file} holds no table of weights; a state_dict is expected.")
    return PretrainedWeights(tensors, sha256, file)


def load_frozen_weights(network: M, weights: PretrainedWeights) -> M:
    """The network with these weights, frozen and in eval mode.

    Raises:
        InputError: They belong to another network.
    """
    own = {k: v.shape for k, v in network.state_dict().items() if "num_batches_tracked" not in k}
    got = {k: v.shape for k, v in weights.tensors.items() if "num_batches_tracked" not in k}
    for name in sorted(own.keys() | got.keys()):
        if own.get(name) != got.get(name):
            expected, found = (tuple(s[name]) if name in s else "absent" for s in (own, got))
            raise InputError(
                f"{weights.file} holds weights of another network than {type(network).__name__}: "
                f"{name} should be {expected} and is {found}."
            )
    network.load_state_dict(dict(weights.tensors), strict=False)
    return network.eval().requires_grad_(False)


@final
class CifarResNet(nn.Module):
    """uint8 (b, 3, h, w) -> features (b, 64) and probabilities (b, 10) of CIFAR-10's classes."""

    def __init__(self, trunk: ResNet) -> None:
        super().__init__()
        self.trunk = trunk
        for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values).view(3, 1, 1))

    mean: Tensor
    std: Tensor

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        x = (resize_pictures(pictures, (32, 32)) - self.mean) / self.std
        features = self.trunk.features(x)
        return ExtractedFeatures(features, self.trunk.linear(features).softmax(-1))


def _load_cifar10_resnet56() -> Extractor:
    """ResNet-56 of CIFAR-10 (He et al., 2016); its accuracy on the test set is 93.39 %."""
    name = "cifar10-resnet56"
    weights = _read_weights(RESNET56_FILE, name)
    return make_extractor(
        name,
        CifarResNet(load_frozen_weights(ResNet(3, 10, blocks=9), weights)).eval(),
        channels=3,
        protocol="the 64 means over places before the last map, of uint8 RGB at 32x32 (others "
        "resized, bilinear, antialiased when shrinking), ImageNet mean and deviation, float32",
        weights=weights.sha256,
        classes=CIFAR10_CLASSES,
    )


@final
class VGGMeanFeatures(nn.Module):
    """uint8 (b, 3, h, w) -> the means over places of relu3_1, (b, 256)."""

    def __init__(self, trunk: VGG) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        height, width = pictures.shape[2:]
        if min(height, width) < MIN_SIZE:
            raise InputError(
                f"vgg19-relu3_1 got pictures of {width}x{height} pixels; at least "
                f"{MIN_SIZE}x{MIN_SIZE} is expected."
            )
        return ExtractedFeatures(self.trunk(pictures.float() / 255)["relu3_1"].mean((2, 3)), None)


def load_vgg19(*, pool: Callable[[int], nn.Module] = nn.AvgPool2d) -> VGG:
    """The trunk of VGG-19 with the normalised weights of Gatys et al. (2016), else the hub's.

    Raises:
        InputError: The file is damaged, or neither in AUXGEN_WEIGHTS nor available from the hub.
    """
    root = get_weights_folder()
    given = root is not None and (root / VGG19_FILE).exists()
    weights = _read_weights(VGG19_FILE, "VGG-19") if given else _download_vgg19_weights()
    return load_frozen_weights(VGG(pool=pool), weights)


def _download_vgg19_weights() -> PretrainedWeights:
    """torchvision's weights of VGG-19 on ImageNet, from the hub, under our names."""
    from huggingface_hub import hf_hub_download

    try:
        file = Path(hf_hub_download(VGG19_HUB_REPOSITORY, "model.safetensors"))
    except Exception as error:  # those of the network, the hub and its client have many types
        raise InputError(
            f"VGG-19 is neither in AUXGEN_WEIGHTS (as {VGG19_FILE}) nor available from the hub "
            f"({VGG19_HUB_REPOSITORY}); put it into that folder."
        ) from error
    data = file.read_bytes()
    theirs = unpack_tensors(data, file)
    # RGB in [0, 1] is shifted and scaled as in their training; mean activations are not normalised
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    scale = torch.diag(1 / std).view(3, 3, 1, 1)
    tensors = {"preprocess.weight": scale, "preprocess.bias": -mean / std}
    for (ours, _, _), place in zip(TRUNK, (0, 2, 5, 7, 10), strict=True):
        for kind in ("weight", "bias"):
            name = f"features.{place}.{kind}"
            if name not in theirs:
                raise InputError(f"{file} has no {name}; weights of VGG-19 are expected.")
            tensors[f"{ours}.{kind}"] = theirs[name]
    return PretrainedWeights(tensors, compute_checksum(data), file)


def _load_vgg19_relu3_1() -> Extractor:
    """Features of VGG-19 for small patches (textures), without a classifier."""
    name = "vgg19-relu3_1"
    weights = _read_weights(VGG19_FILE, name)
    return make_extractor(
        name,
        VGGMeanFeatures(load_frozen_weights(VGG(), weights)).eval(),
        channels=3,
        protocol="the 256 means over places of relu3_1, of uint8 RGB at the pictures' own size, "
        "preprocessing of the weights, mean pooling, float32",
        weights=weights.sha256,
    )


EXTRACTORS: Mapping[str, Callable[[], Extractor]] = MappingProxyType(
    {"cifar10-resnet56": _load_cifar10_resnet56, "vgg19-relu3_1": _load_vgg19_relu3_1}
)
