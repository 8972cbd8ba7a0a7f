"""The extractor `inception`: the canonical weights, from a folder or downloaded and checked."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from pathlib import Path
from typing import final

import torch
from filelock import FileLock
from torch import Tensor, nn

from ..data.cache import folder
from ..errors import InputError
from ..networks.inception import SIZE, Inception, resized_as_tensorflow_1
from .extractors import INCEPTION, Extracted, Extractor, made
from .pretrained import Weights, filled, home

BEGINS = "6726825d"
"""Of the file's SHA-256."""
FILE = f"weights-inception-2015-12-05-{BEGINS}.pth"
URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{FILE}"


@final
class Pool3(nn.Module):
    """uint8 (b, 3, h, w) -> pool3 (b, 2048) and probabilities (b, 1008).

    The probabilities are of logits without their bias, as the Inception score's authors have them
    (Salimans et al., 2016).
    """

    def __init__(self, trunk: Inception) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, pictures: Tensor) -> Extracted:
        pool3 = self.trunk((resized_as_tensorflow_1(pictures.float(), SIZE) - 128) / 128)
        return Extracted(pool3, self.trunk.logits(pool3).softmax(-1))


def extractor() -> Extractor:
    """The one in which a Fréchet distance is called FID.

    Raises:
        InputError: The weights are not to be had, or are not the canonical ones.
    """
    found = read(located())
    return made(
        INCEPTION,
        Pool3(filled(Inception(), found)).eval(),
        channels=3,
        protocol="the 2048 features pool3 of Inception-2015 (TensorFlow's weights), of uint8 RGB "
        "resized to 299x299 as TensorFlow 1 does (bilinear, not antialiased), float32; "
        "probabilities of the 1008 logits without their bias",
        weights=found.sha256,
        rows=64,
    )


def located(url: str = URL) -> Path:
    """The weights' file: in AUXGEN_WEIGHTS, else in the cache, where it is downloaded to once.

    Raises:
        InputError: It is in neither, and cannot be downloaded.
    """
    places = [root / FILE for root in (home(), folder() / "weights") if root is not None]
    for place in places:
        if place.is_file():
            return place
    return downloaded(url, places[-1])


def downloaded(url: str, file: Path, begins: str = BEGINS) -> Path:
    """The file of that address, its SHA-256 checked before it gets its name."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_name(f".{file.name}.lock")):
            if not file.is_file():
                torch.hub.download_url_to_file(url, str(file), hash_prefix=begins)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"inception needs weights that cannot be downloaded from {url} ({error}); put "
            f"{FILE} into the folder AUXGEN_WEIGHTS."
        ) from error
    return file


def read(file: Path, begins: str = BEGINS) -> Weights:
    """The tensors of a file of torch's format; no code in it is executed.

    Args:
        file: Which.
        begins: First digits of its SHA-256.

    Raises:
        InputError: It is truncated or another file.
    """
    with file.open("rb") as data:
        sha256 = hashlib.file_digest(data, "sha256").hexdigest()
    if not sha256.startswith(begins):
        raise InputError(
            f"{file} is truncated or another file: its SHA-256 begins with "
            f"{sha256[: len(begins)]}, wanted is {begins}."
        )
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise InputError(f"{file} holds more than weights, or none; wanted are weights.") from error
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise InputError(f"{file} holds no table of weights; wanted is a state_dict.")
    return Weights(tensors, sha256, file)
