"""Feature extractors: fixed networks, named and hashed, that distances between sets are taken in.

Fréchet, kernel and classifier scores depend on the network as much as on the pictures. They are
called FID, KID and Inception score with `inception` alone; with others the name says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data.dataset import Dataset
from ..errors import InputError, require_at_least
from ..files import compute_checksum
from ..metrics.frechet import GaussianMoments, fit_gaussian
from . import cache as kept_features

PREPROCESSING_VERSION = 1
"""Goes up when how pictures are prepared or features are taken changes: old features are not found.
"""
INCEPTION = "inception"
INCEPTION_METRIC_NAMES: Mapping[str, str] = MappingProxyType({"FD": "FID", "KD": "KID", "CS": "IS"})


class ExtractedFeatures(NamedTuple):
    """What an extractor says of n pictures.

    Attributes:
        features: (n, d) float32.
        probs: Class probabilities (n, k) float32 where the extractor is a classifier, else None.
    """

    features: Tensor
    probs: Tensor | None


@final
@dataclass(frozen=True, eq=False)
class Extractor:
    """A network with a name and a hash: with both the same, features are the same.

    Attributes:
        name: "cifar10-resnet56".
        sha256: Of the weights, of how pictures are prepared and of which features are taken.
        network: A module in eval mode that maps uint8 (b, c, h, w) to Extracted, on its device.
        channels: That it takes, 1 or 3; grey pictures are repeated to 3.
        protocol: How, in words: network, features, size, resize, precision, hash.
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
        """What a measure in these features is called: "FID", or "FD(cifar10-resnet56)".

        Args:
            measure: "FD" (Fréchet distance), "KD" (kernel distance), "CS" (classifier score),
                "precision", "recall", ...
        """
        if self.name == INCEPTION and measure in INCEPTION_METRIC_NAMES:
            return INCEPTION_METRIC_NAMES[measure]
        return f"{measure}({self.name})"


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
    """An extractor with its hash.

    Args:
        name: See `Extractor`.
        network: See `Extractor`.
        channels: See `Extractor`.
        protocol: In words, less the hash.
        weights: Hash of the weights.
        batch_size: See `Extractor`.
        classes: See `Extractor`; not hashed.
        remark: Told with the protocol; not hashed.
    """
    sha256 = compute_checksum(f"{PREPROCESSING_VERSION}\n{weights}\n{protocol}".encode())
    told = "; ".join(filter(None, (f"{name}: {protocol}", remark, f"extractor {sha256[:8]}")))
    return Extractor(name, sha256, network, channels, told, batch_size, classes)


def quantise_pictures(x: Tensor) -> Tensor:
    """Pixels in [0, 1] as a person would save them, clipped and rounded to uint8, same shape.

    Raises:
        InputError: A value is not finite.
    """
    if not x.isfinite().all():
        raise InputError("Pictures with values that are not finite were got; wanted are [0, 1].")
    return x.clamp(0, 1).mul(255).round().to(torch.uint8)


def resize_pictures(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """uint8 (b, c, *) -> float32 (b, c, *size) in [0, 1]; bilinear, antialiased when shrinking."""
    x = pictures.float() / 255
    if x.shape[2:] != size:
        x = F.interpolate(x, size, mode="bilinear", antialias=True)
    return x


@contextmanager
def disable_tf32() -> Iterator[None]:
    """Within, a GPU keeps all bits of float32, so that features hardly depend on the device."""
    cudnn: Any = torch.backends.cudnn  # what the type checker does not see of it
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
    extractor: Extractor, pictures: Tensor, *, device: str = "cpu", batch_size: int | None = None
) -> ExtractedFeatures:
    """Features of pictures in batches on the device, in float32, brought back to the CPU.

    Args:
        extractor: Whose.
        pictures: uint8 (n, c, h, w).
        device: Where the network runs.
        batch_size: Pictures at once; the extractor's own number where None.

    Raises:
        InputError: No picture, other than uint8, or of channels that the extractor cannot take.
    """
    _check_extractor_input(extractor, pictures)
    require_at_least(1, rows=batch_size or extractor.batch_size)
    network = extractor.network.to(device)
    features, probs = [], []
    with disable_tf32(), torch.autocast(torch.device(device).type, enabled=False):
        for part in pictures.split(batch_size or extractor.batch_size):
            found = network(
                part.to(device).expand(-1, max(extractor.channels, part.shape[1]), -1, -1)
            )
            features.append(found.features.float().cpu())
            if found.probs is not None:
                probs.append(found.probs.float().cpu())
    return ExtractedFeatures(torch.cat(features), torch.cat(probs) if probs else None)


def _check_extractor_input(extractor: Extractor, pictures: Tensor) -> None:
    """Raises InputError unless the extractor can take these pictures."""
    if pictures.ndim != 4 or pictures.dtype != torch.uint8:
        raise InputError(
            f"{extractor.name} got {pictures.dtype} of shape {tuple(pictures.shape)}; wanted are "
            "pictures, uint8 (n, c, h, w)."
        )
    if pictures.numel() == 0:
        raise InputError(f"{extractor.name} got an empty set of pictures; one or more are wanted.")
    channels = pictures.shape[1]
    if channels not in (1, extractor.channels):
        wanted = "grey ones" if extractor.channels == 1 else "1 or 3"
        raise InputError(f"{extractor.name} got pictures of {channels} channels; wanted: {wanted}.")


def check_comparable_pictures(real: Tensor, fake: Tensor) -> None:
    """Raises InputError unless two sets of pictures (n, c, h, w) can be compared.

    Grey pictures beside coloured ones would be told apart by colour alone.
    """
    if len(real) == 0 or len(fake) == 0:
        raise InputError(
            f"Sets of {len(real)} and {len(fake)} pictures were got; none may be empty."
        )
    if real.shape[1] != fake.shape[1]:
        raise InputError(
            f"Sets of {real.shape[1]} and {fake.shape[1]} channels were got; as many are wanted."
        )


def extract_cached_features(
    extractor: Extractor, examples: Dataset, *, device: str = "cpu", batch_size: int | None = None
) -> ExtractedFeatures:
    """Features of a set's pictures, extracted once and then read from the cache.

    The key is a digest of the very pixels, not the set's fingerprint, which rows chosen from it
    share, and the extractor's hash.

    Args:
        extractor: Whose.
        examples: Pictures, as many as are wanted.
        device: As for `extract_features`.
        batch_size: As for `extract_features`.

    Raises:
        InputError: As `extract_features` does.
        NotSaved: The cache cannot be written.
    """

    def make() -> dict[str, Tensor]:
        found = extract_features(extractor, examples.x, device=device, batch_size=batch_size)
        probs = {} if found.probs is None else {"probs": found.probs}
        return {"features": found.features, **probs}

    _check_extractor_input(extractor, examples.x)
    found = kept_features.get_or_create_features(
        make_feature_key(extractor, examples, "features"), make
    )
    return ExtractedFeatures(found["features"], found.get("probs"))


def compute_feature_moments(
    extractor: Extractor, examples: Dataset, *, device: str = "cpu", batch_size: int | None = None
) -> GaussianMoments:
    """Mean and covariance of a set's features, cached too: what a Fréchet distance needs.

    The covariance of wide features takes longer than reading it. Arguments and errors as
    `extract_cached_features`, and InputError for fewer than two pictures.
    """

    def make() -> dict[str, Tensor]:
        found = fit_gaussian(
            extract_cached_features(
                extractor, examples, device=device, batch_size=batch_size
            ).features
        )
        return {"mean": found.mean, "covariance": found.covariance}

    _check_extractor_input(extractor, examples.x)
    found = kept_features.get_or_create_features(
        make_feature_key(extractor, examples, "moments"), make
    )
    return GaussianMoments(found["mean"], found["covariance"], len(examples))


def make_feature_key(
    extractor: Extractor, examples: Dataset, kind: str
) -> kept_features.FeatureKey:
    pictures = kept_features.compute_pictures_digest(examples.x)
    return kept_features.FeatureKey(kind, extractor.name, extractor.sha256, pictures)
