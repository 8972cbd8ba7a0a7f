"""One set of pictures beside another, without a model: what a folder of samples is worth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data import folders, images
from ..data import user as own
from ..data.dataset import Examples
from ..engine.device import chosen
from ..errors import InputError, at_least
from ..features.extractors import alike, extracted
from ..features.registry import extractor
from . import catalogue
from .images import labelled


def compare(
    real: str | Path | Examples,
    fake: str | Path | Examples,
    metrics: Sequence[str],
    *,
    rows: int | None = None,
    device: str = "auto",
) -> dict[str, Any]:
    """Measures of one set of pictures against another.

    Args:
        real: Pictures that are taken for real: a set's name ("cifar10", its test split, or
            "cifar10/train"), a folder, or rows.
        fake: The others.
        metrics: "fd:cifar10-resnet56", "kd:...", "cs:...", "precision:...", "recall:...",
            "density:...", "coverage:...", "fid", "kid", "is".
        rows: At most so many of each, the first ones; all when None.
        device: As for `train`.

    Returns:
        {"real": name, "fake": name, "scores": {name: {"value", "unit", "n", "spread", "protocol",
        "seconds", ...}}}.

    Raises:
        InputError: A set is not there, is empty or has other channels, or there is no such measure.
    """
    at_least(1, rows=1 if rows is None else rows)
    asked = catalogue.of_features(metrics)
    left, right = (opened(each)[:rows] for each in (real, fake))
    alike(left.x, right.x)
    device = chosen(device)
    what = f"{len(right)} pictures of {right.name} beside {len(left)} of {left.name}"
    scores: dict[str, Any] = {}
    for name, measures in asked.items():
        begun = time.monotonic()
        found = extractor(name)
        made = labelled(found, left, extracted(found, right, device=device), measures, what)
        seconds = round(time.monotonic() - begun, 2)
        scores |= {label: {**asdict(score), "seconds": seconds} for label, score in made.items()}
    return {"real": left.name, "fake": right.name, "scores": scores}


def opened(given: str | Path | Examples) -> Examples:
    """Pictures by the name of a set, with or without its split, or from a folder or .npy file."""
    if isinstance(given, Examples):
        return given
    path = Path(given).expanduser()
    if path.suffix == ".npy":
        return of_file(path)
    name, _, split = str(given).rpartition("/")
    if name in (*images.KNOWN, "digits"):
        return images.load(name, split)
    if path.is_dir() and not images.data_files(path):
        parts = folders.splits(path)
        return images.load(str(path), "test" if "test" in parts else next(iter(parts)))
    return images.load(str(given), "test")


def of_file(path: Path) -> Examples:
    """Pictures as `auxgen sample --out F.npy` leaves them."""
    if not path.is_file():
        raise InputError(f"There is no file {path}; pictures were wanted.")
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"{path} cannot be read as an array of numbers: {error}.") from error
    return replace(own.arrays(array), name=path.name)
