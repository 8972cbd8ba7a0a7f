"""Feature extractors: fixed networks with names and hashes, for distances between picture sets.

Fréchet, kernel and classifier scores depend on the network as much as on the pictures. Only with
`inception` are they called FID, KID and Inception score; else their names contain the extractor's.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data.dataset import Dataset
from ..errors import InputError
from ..files import CacheFile, compute_checksum
from ..inference.batched import map_batches
from ..metrics.checks import check_equal_numbers
from ..metrics.frechet import GaussianMoments, fit_gaussian
from .cache import CACHE_VERSION, compute_pictures_digest, get_or_create_features

PREPROCESSING_VERSION = 1
"""Version of how pictures are prepared and features are taken; raise it to discard old features."""
INCEPTION = "inception"
INCEPTION_METRIC_NAMES: Mapping[str, str] = MappingProxyType({"FD": "FID", "KD": "KID", "CS": "IS"})
"""Canonical names of the Fréchet distance, the kernel distance and the classifier score."""


class ExtractedFeatures(NamedTuple):
    """Features (n, d) and class probabilities (n, k) or, without a classifier, None: float32."""

    features: Tensor
    probs: Tensor | None


@final
@dataclass(frozen=True, eq=False)
class Extractor:
    """A network with a name and a hash: with both the same, features are the same.

    Attributes:
        name: "cifar10-resnet56".
        sha256: Hash of the weights, of how pictures are prepared and of which features are taken.
        network: A module in eval mode that maps uint8 (b, c, h, w) to `ExtractedFeatures`.
        channels: Channels that it takes, 1 or 3; grey pictures are repeated to 3.
        protocol: Network, features, size, resize, precision and hash, in words.
        batch_size: Pictures that pass at once.
        classes: Names of the classes whose probabilities it gives; empty where it gives none.
    """

    name: str
    sha256: str
    network: nn.Module
    channels: int
    protocol: str
    batch_size: int = 256
    classes: tuple[str, ...] = ()

    def format_metric(self, measure: str) -> str:
        """The name of a measure, such as "FD" or "recall": "FID", or "FD(cifar10-resnet56)"."""
        names = INCEPTION_METRIC_NAMES if self.name == INCEPTION else {}
        return names.get(measure, f"{measure}({self.name})")


def make_extractor(
    name: str,
    network: nn.Module,
    *,
    channels: int,
    protocol: str,
    weights: str,
    batch_size: int = 256,
    classes: tuple[str, ...] = (),
    remark: str = "",
) -> Extractor:
    """An extractor with its hash, of weights and protocol alone. See `Extractor` for the others.

    Args:
        protocol: See `Extractor`, without the hash.
        weights: Hash of the weights.
        remark: A part of the extractor's protocol that is not hashed.
    """
    sha256 = compute_checksum(f"{PREPROCESSING_VERSION}\n{weights}\n{protocol}".encode())
    words = "; ".join(filter(None, (f"{name}: {protocol}", remark, f"extractor {sha256[:8]}")))
    return Extractor(name, sha256, network, channels, words, batch_size, classes)


def quantise_pictures(x: Tensor) -> Tensor:
    """Pixels in [0, 1] as they are saved in files, clipped and rounded to uint8, same shape.

    Raises:
        InputError: A value is not finite.
    """
    if not x.isfinite().all():
        raise InputError("Pictures have values that are not finite; values in [0, 1] are expected.")
    return x.clamp(0, 1).mul(255).round().to(torch.uint8)


def resize_pictures(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """uint8 (b, c, *) -> float32 (b, c, *size) in [0, 1]; bilinear, antialiased when shrinking."""
    x = pictures.float() / 255
    if x.shape[2:] != size:
        x = F.interpolate(x, size, mode="bilinear", antialias=True)
    return x


@contextmanager
def disable_tf32() -> Iterator[None]:
    """Make a GPU keep all bits of float32 inside, so that features hardly depend on the device."""
    cudnn: Any = torch.backends.cudnn  # its type stub lacks `conv`
    settings = (cudnn.conv, torch.backends.cuda.matmul)
    before = [setting.fp32_precision for setting in settings]
    try:
        for setting in settings:
            setting.fp32_precision = "ieee"
        yield
    finally:
        for setting, precision in zip(settings, before, strict=True):
            setting.fp32_precision = precision


@torch.no_grad()
def extract_features(
    extractor: Extractor, pictures: Tensor, *, device: str = "cpu"
) -> ExtractedFeatures:
    """Features of uint8 (n, c, h, w), in batches on the device, in float32, back on the CPU.

    Raises:
        InputError: There are no pictures, or their type or channels do not suit the extractor.
    """
    _check_extractor_input(extractor, pictures)
    network = extractor.network.to(device)
    channels = max(extractor.channels, pictures.shape[1])

    def extract(part: Tensor) -> tuple[Tensor, Tensor | None]:
        features, probs = network(part.expand(-1, channels, -1, -1))
        return features.float(), None if probs is None else probs.float()

    with disable_tf32(), torch.autocast(torch.device(device).type, enabled=False):
        found = map_batches(extract, pictures, device=device, batch_size=extractor.batch_size)
    return ExtractedFeatures(*found)


def _check_extractor_input(extractor: Extractor, pictures: Tensor) -> None:
    """Raises InputError unless the extractor can take these pictures."""
    name, shape = extractor.name, tuple(pictures.shape)
    if pictures.ndim != 4 or pictures.dtype != torch.uint8:
        raise InputError(
            f"{name} got {pictures.dtype} of shape {shape}; pictures are expected, uint8 "
            "(n, c, h, w)."
        )
    if pictures.numel() == 0:
        raise InputError(f"{name} got an empty set of pictures; one or more are expected.")
    if shape[1] not in (1, extractor.channels):
        expected = "grey pictures" if extractor.channels == 1 else "1 or 3"
        raise InputError(f"{name} got pictures of {shape[1]} channels; expected {expected}.")


def check_comparable_pictures(real: Tensor, fake: Tensor) -> None:
    """Raises InputError unless two sets of pictures (n, c, h, w) can be compared.

    Grey pictures beside coloured ones would differ by colour alone.
    """
    n, m = len(real), len(fake)
    if n == 0 or m == 0:
        raise InputError(f"The sets have {n} and {m} pictures; neither may be empty.")
    check_equal_numbers(real.shape[1], fake.shape[1], "The sets have {} and {} channels")


def extract_cached_features(
    extractor: Extractor, dataset: Dataset, *, device: str = "cpu"
) -> ExtractedFeatures:
    """Features of a set's pictures, extracted once and then read from the cache.

    The key has the extractor's hash and a digest of the pixels, not the set's fingerprint, which
    its subsets share.

    Raises:
        InputError: The pictures do not suit `extract_features`.
        NotSaved: The cache cannot be written.
    """

    def extract() -> dict[str, Tensor]:
        extracted = extract_features(extractor, dataset.x, device=device)._asdict()
        return {name: tensor for name, tensor in extracted.items() if tensor is not None}

    _check_extractor_input(extractor, dataset.x)
    cached = get_or_create_features(make_feature_file(extractor, dataset, "features"), extract)
    return ExtractedFeatures(cached["features"], cached.get("probs"))


def compute_feature_moments(
    extractor: Extractor, dataset: Dataset, *, device: str = "cpu"
) -> GaussianMoments:
    """Mean and covariance of a set's features, for a Fréchet distance, from the cache too.

    The covariance of wide features takes longer to compute than to read. Arguments and errors as
    for `extract_cached_features`, and InputError for fewer than two pictures.
    """

    def compute() -> dict[str, Tensor]:
        moments = fit_gaussian(extract_cached_features(extractor, dataset, device=device).features)
        return {"mean": moments.mean, "covariance": moments.covariance}

    _check_extractor_input(extractor, dataset.x)
    cached = get_or_create_features(make_feature_file(extractor, dataset, "moments"), compute)
    return GaussianMoments(cached["mean"], cached["covariance"], len(dataset))


def make_feature_file(extractor: Extractor, dataset: Dataset, kind: str) -> CacheFile:
    """The cache file of a set's "features" or "moments"."""
    pictures = compute_pictures_digest(dataset.x)
    words = (CACHE_VERSION, kind, extractor.name, extractor.sha256, pictures)
    return CacheFile(f"{extractor.name}-{kind}", words, folder="features")
