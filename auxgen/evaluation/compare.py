"""One set of pictures beside another, without a model: the quality of a folder of samples."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data import folders, images
from ..data.array_inputs import load_npy
from ..data.arrays import load_arrays
from ..data.dataset import Dataset
from ..engine.device import resolve_device
from ..errors import InputError, require_at_least
from ..features.extractors import check_comparable_pictures, extract_cached_features
from ..features.registry import load_extractor
from .catalogue import group_metrics_by_extractor
from .images import score_picture_sets


def compare_image_sets(
    real: str | Path | Dataset,
    fake: str | Path | Dataset,
    metrics: Sequence[str],
    *,
    rows: int | None = None,
    device: str = "auto",
) -> dict[str, Any]:
    """Measures of one set of pictures against another.

    Args:
        real: Pictures that count as real: a set's name ("cifar10", its test split, or
            "cifar10/train"), a folder, or rows.
        fake: The other pictures.
        metrics: "fd:cifar10-resnet56", "kd:...", "cs:...", "precision:...", "recall:...",
            "density:...", "coverage:...", "fid", "kid", "is".
        rows: Pictures of each set, at most, the first ones; all when None.
        device: Where extractors run, as for `train`.

    Returns:
        {"real": name, "fake": name, "scores": {name: {"value", "unit", "n", "spread", "protocol",
        "seconds", ...}}}.

    Raises:
        InputError: A set is missing, is empty or has other channels, or there is no such measure.
    """
    require_at_least(1, rows=1 if rows is None else rows)
    measures_by_extractor = group_metrics_by_extractor(metrics)
    left, right = (_load_image_set(each)[:rows] for each in (real, fake))
    check_comparable_pictures(left.x, right.x)
    device = resolve_device(device)
    what = f"{len(right)} pictures of {right.name} beside {len(left)} of {left.name}"
    scores: dict[str, Any] = {}
    for name, measures in measures_by_extractor.items():
        start = time.monotonic()
        extractor = load_extractor(name)
        features = extract_cached_features(extractor, right, device=device)
        group = score_picture_sets(extractor, left, features, measures, what, shuffled=True)
        seconds = round(time.monotonic() - start, 2)
        scores |= {label: {**score.to_json(), "seconds": seconds} for label, score in group.items()}
    return {"real": left.name, "fake": right.name, "scores": scores}


def _load_image_set(source: str | Path | Dataset) -> Dataset:
    """Pictures by the name of a set, with or without its split, or from a folder or .npy file."""
    if isinstance(source, Dataset):
        return source
    path = Path(source).expanduser()
    if path.suffix == ".npy":
        return _load_npy_images(path)
    name, _, split = str(source).rpartition("/")
    if name not in (*images.KNOWN_SETS, "digits"):
        name, split = str(source), "test"
        if path.is_dir() and not images.find_data_files(path):
            parts = folders.find_image_splits(path)
            name, split = str(path), "test" if "test" in parts else next(iter(parts))
    return images.load_image_dataset(name, split)


def _load_npy_images(path: Path) -> Dataset:
    """Pictures as `auxgen sample --out F.npy` writes them."""
    if not path.is_file():
        raise InputError(f"There is no file {path}; a file of pictures is expected.")
    return replace(load_arrays(load_npy(path)), name=path.name)
