"""Features on disk: one safetensors file for what an extractor says of a set, written once."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..data.cache import get_cache_folder
from ..data.fingerprints import compute_digest
from ..errors import NotSaved

CACHE_VERSION = 1
"""Goes up when the file's layout changes, so that older files are not found."""
BLOCK = 4096
"""Rows that are copied at once where they do not lie together."""


class FeatureKey(NamedTuple):
    """What names the file; all of it stands in the file too, and is compared when it is read.

    Attributes:
        kind: "features" or "moments".
        extractor_name: The extractor's, for people who look into the folder.
        extractor_sha256: The extractor's hash.
        pictures_digest: The digest of the pictures.
    """

    kind: str
    extractor_name: str
    extractor_sha256: str
    pictures_digest: str

    def build_path(self) -> Path:
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "_", self.extractor_name)[-60:]
        return (
            get_cache_folder()
            / "features"
            / f"{slug}-{self.kind}-{compute_digest(CACHE_VERSION, *self)}.safetensors"
        )

    def make_metadata(self) -> dict[str, str]:
        return {"key": json.dumps([CACHE_VERSION, *self])}


def compute_pictures_digest(pictures: Tensor) -> str:
    """A digest of shape, type and every pixel: (n, c, h, w), on any device."""
    found = hashlib.blake2b(digest_size=16)
    found.update(json.dumps([tuple(pictures.shape), str(pictures.dtype)]).encode())
    for part in pictures.split(BLOCK):
        found.update(part.cpu().contiguous().numpy().data)
    return found.hexdigest()


def get_or_create_features(
    key: FeatureKey, create: Callable[[], dict[str, Tensor]]
) -> dict[str, Tensor]:
    """The tensors of this key; made and written, while others wait, where there are none.

    Raises:
        NotSaved: The cache cannot be written.
    """
    path = key.build_path()
    found = _read_cached_features(key)
    if found is not None:
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.stem}.lock")):
            found = _read_cached_features(key)
            if found is None:
                found = create()
                _write_cached_features(key, found)
    except NotSaved:
        raise
    except OSError as error:
        raise NotSaved(
            f"Features cannot be written to {path.parent} ({error}); set AUXGEN_CACHE to a folder "
            "with room."
        ) from error
    return found


def _read_cached_features(key: FeatureKey) -> dict[str, Tensor] | None:
    """What lies in the key's file; None if it is missing, damaged or another key's."""
    try:
        with safe_open(key.build_path(), framework="pt") as file:
            if file.metadata() != key.make_metadata():
                return None
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError):
        return None


def _write_cached_features(key: FeatureKey, tensors: dict[str, Tensor]) -> None:
    """Under a temporary name, flushed, then renamed: whole or not there."""
    path = key.build_path()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file(
            {k: t.contiguous() for k, t in tensors.items()}, temporary, metadata=key.make_metadata()
        )
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except SafetensorError as error:  # what it makes of a full disk
        raise OSError(str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)
