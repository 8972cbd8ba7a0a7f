"""Features of a person's pictures by a trained network, for any classifier that takes numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data.arrays import load_arrays
from ..data.dataset import Dataset
from ..data.user import load_image_folder
from ..errors import InputError
from .backbones import TrainedBackbone, load_backbone, make_backbone_extractor
from .extractors import extract_cached_features

NETWORK = "efficientnet-lite0"


def compute_picture_features(
    pictures: Any, network: str = NETWORK, *, size: int | None = None, device: str = "cpu"
) -> np.ndarray:
    """Features of pictures, computed once and then read from the cache: -> (n, d) float32.

    Args:
        pictures: A folder of images, whose order is that of `data.user.load_image_folder`; a
            `Dataset` of images; or an array as `load_arrays` takes, uint8 or floats in [0, 1].
        network: "efficientnet-lite0", "efficientnet-lite2", or "timm:NAME" for any model of timm.
        size: Side in pixels at which the network sees them; its own when None, which is 96 for
            EfficientNet-Lite. Photographs gain by 224, for five times the time.
        device: "cpu" or "cuda".

    Raises:
        InputError: There is no such network, its weights are missing, or these are no pictures.
        NotSaved: The cache cannot be written.
    """
    trained = load_backbone(network)
    side = trained.backbone.side if size is None else size
    if isinstance(pictures, str | Path):
        rows = load_image_folder(pictures, size=side)
    else:
        rows = pictures if isinstance(pictures, Dataset) else load_arrays(pictures)
    return extract_backbone_features(trained, network, rows, side, device=device).numpy()


def extract_backbone_features(
    trained: TrainedBackbone, network: str, rows: Dataset, side: int, *, device: str = "cpu"
) -> torch.Tensor:
    """Features of pictures (n, d) float32, at a side in pixels, from the cache where they are.

    Raises:
        InputError: The rows are no pictures.
    """
    if rows.kind != "images":
        raise InputError(
            f"{network} takes pictures, and the rows of {rows.name} are {rows.kind}; images are "
            "expected."
        )
    extractor = make_backbone_extractor(network, network, trained, side)
    return extract_cached_features(extractor, rows, device=device).features
