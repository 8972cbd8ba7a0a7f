"""Features on disk: one safetensors file for an extractor and a set of pictures, written once."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ..engine.shared_rows import get_exchange, share_nothing
from ..files import CacheFile, load_or_create

CACHE_VERSION = 1
"""Increases when the file's layout changes, so that older files are not found."""
BLOCK = 4096
"""Rows that are copied at once where they do not lie side by side in memory."""


def compute_pictures_digest(pictures: Tensor) -> str:
    """A digest of shape, type and every pixel: (n, c, h, w), on any device."""
    found = hashlib.blake2b(digest_size=16)
    found.update(json.dumps([tuple(pictures.shape), str(pictures.dtype)]).encode())
    for part in pictures.split(BLOCK):
        found.update(part.cpu().contiguous().numpy().data)
    return found.hexdigest()


def get_or_create_features(
    file: CacheFile, create: Callable[[], dict[str, Tensor]]
) -> dict[str, Tensor]:
    """The cached tensors of a file; where there are none, they are made and written.

    The file holds its words too, and they are compared on reading. Ranks that share rows make them
    together, and the first one writes.

    Raises:
        NotSaved: The cache cannot be written.
    """
    metadata = {"key": json.dumps(file.words)}

    def load(path: Path) -> dict[str, Tensor] | None:
        try:
            with safe_open(path, framework="pt") as content:
                if content.metadata() != metadata:
                    return None
                return {k: content.get_tensor(k) for k in content.keys()}  # noqa: SIM118 (not a dict)
        except (OSError, SafetensorError):
            return None

    def pack(tensors: dict[str, Tensor]) -> bytes:
        return save({k: tensor.contiguous() for k, tensor in tensors.items()}, metadata)

    exchange = get_exchange()
    first = None if exchange is None else exchange.gather(load(file.path) is None)[0]
    if exchange is None or not first:
        with share_nothing():
            return load_or_create(file, load, lambda: pack(create()), what="Features")
    made = create()
    exchange.run_on_first(lambda: load_or_create(file, load, lambda: pack(made), what="Features"))
    return made
