"""The extractor `inception`: the canonical weights, from a folder, or downloaded and checked."""

from pathlib import Path
from typing import final

import torch
from filelock import FileLock
from torch import Tensor, nn

from ..errors import InputError
from ..files import get_cache_folder
from ..networks.inception import INPUT_SIZE, Inception, resize_like_tensorflow_1
from .extractors import INCEPTION, ExtractedFeatures, Extractor, make_extractor
from .pretrained import get_weights_folder, load_frozen_weights, read_torch_weights

SHA256_PREFIX = "6726825d"
"""First digits of the file's SHA-256."""
WEIGHTS_FILE = f"weights-inception-2015-12-05-{SHA256_PREFIX}.pth"
WEIGHTS_URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{WEIGHTS_FILE}"


@final
class InceptionPool3(nn.Module):
    """uint8 (b, 3, h, w) -> pool3 (b, 2048) and probabilities (b, 1008).

    The probabilities come from logits without their bias, as for the authors of the Inception score
    (Salimans et al., 2016).
    """

    def __init__(self, trunk: Inception) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        pool3 = self.trunk((resize_like_tensorflow_1(pictures.float(), INPUT_SIZE) - 128) / 128)
        return ExtractedFeatures(pool3, self.trunk.logits(pool3).softmax(-1))


def load_inception_extractor() -> Extractor:
    """The extractor in which a Fréchet distance is called FID.

    Raises:
        InputError: The weights cannot be found, or are not the canonical ones.
    """
    weights = read_torch_weights(find_inception_weights(), SHA256_PREFIX)
    return make_extractor(
        INCEPTION,
        InceptionPool3(load_frozen_weights(Inception(), weights)).eval(),
        channels=3,
        protocol="the 2048 features pool3 of Inception-2015 (TensorFlow's weights), of uint8 RGB "
        "resized to 299x299 as TensorFlow 1 does (bilinear, not antialiased), float32; "
        "probabilities of the 1008 logits without their bias",
        weights=weights.sha256,
        batch_size=64,
    )


def find_inception_weights(url: str = WEIGHTS_URL) -> Path:
    """The weights' file: in AUXGEN_WEIGHTS, else in the cache, to which it is downloaded once.

    Raises:
        InputError: It is in neither, and cannot be downloaded.
    """
    roots = (get_weights_folder(), get_cache_folder() / "weights")
    places = [root / WEIGHTS_FILE for root in roots if root is not None]
    found = next((place for place in places if place.is_file()), None)
    return found or download_inception_weights(url, places[-1])


def download_inception_weights(url: str, file: Path, sha256_prefix: str = SHA256_PREFIX) -> Path:
    """The file at that address; it gets its name only after its SHA-256 is checked."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_name(f".{file.name}.lock")):
            if not file.is_file():
                torch.hub.download_url_to_file(url, str(file), hash_prefix=sha256_prefix)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"inception needs weights that cannot be downloaded from {url} ({error}); put "
            f"{WEIGHTS_FILE} into the folder AUXGEN_WEIGHTS."
        ) from error
    return file
