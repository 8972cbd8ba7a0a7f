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

from ..data.cache import folder
from ..data.fingerprints import of_words
from ..errors import NotSaved

FORMAT = 1
"""Goes up when the file's layout changes, so that older files are not found."""
BLOCK = 4096
"""Rows that are copied at once where they do not lie together."""


class Key(NamedTuple):
    """What names the file; all of it stands in the file too, and is compared when it is read.

    Attributes:
        what: "features" or "moments".
        name: The extractor's, for people who look into the folder.
        extractor: The extractor's hash.
        pictures: The digest of the pictures.
    """

    what: str
    name: str
    extractor: str
    pictures: str

    def path(self) -> Path:
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "_", self.name)[-60:]
        return folder() / "features" / f"{slug}-{self.what}-{of_words(FORMAT, *self)}.safetensors"

    def said(self) -> dict[str, str]:
        return {"key": json.dumps([FORMAT, *self])}


def digest(pictures: Tensor) -> str:
    """A digest of shape, type and every pixel: (n, c, h, w), on any device."""
    found = hashlib.blake2b(digest_size=16)
    found.update(json.dumps([tuple(pictures.shape), str(pictures.dtype)]).encode())
    for part in pictures.split(BLOCK):
        found.update(part.cpu().contiguous().numpy().data)
    return found.hexdigest()


def kept(key: Key, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors of this key; made and written, while others wait, where there are none.

    Raises:
        NotSaved: The cache cannot be written.
    """
    path = key.path()
    found = read(key)
    if found is not None:
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.stem}.lock")):
            found = read(key)
            if found is None:
                found = make()
                write(key, found)
    except NotSaved:
        raise
    except OSError as error:
        raise NotSaved(
            f"Features cannot be written to {path.parent} ({error}); set AUXGEN_CACHE to a folder "
            "with room."
        ) from error
    return found


def read(key: Key) -> dict[str, Tensor] | None:
    """What lies in the key's file; None if it is missing, damaged or another key's."""
    try:
        with safe_open(key.path(), framework="pt") as file:
            if file.metadata() != key.said():
                return None
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError):
        return None


def write(key: Key, tensors: dict[str, Tensor]) -> None:
    """Under a temporary name, flushed, then renamed: whole or not there."""
    path = key.path()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file({k: t.contiguous() for k, t in tensors.items()}, temporary, metadata=key.said())
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except SafetensorError as error:  # what it makes of a full disk
        raise OSError(str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)
