"""Decoded pictures on disk: one safetensors file a set, written once, then memory-mapped."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import NotSaved
from .dataset import Dataset
from .fingerprints import compute_digest, start_digest

CACHE_FORMAT_VERSION = 1
"""Goes up when decoding or the file's layout changes, so that older files are not found."""
SAFETENSORS_DTYPES = {torch.int64: "I64", torch.float32: "F32", torch.uint8: "U8"}


class UndecodedDataset(NamedTuple):
    """A set before it is decoded.

    Attributes:
        dataset: All that is known; x (n, c, h, w) is on torch's meta device, a shape alone.
        blocks: Its pixels in order, uint8 (m, c, h, w) each.
    """

    dataset: Dataset
    blocks: Iterable[np.ndarray]


class CacheKey(NamedTuple):
    """What names a cached set: whence and how it was made, and the state of its source then."""

    name: str
    origin: str
    source_state: str

    def path(self) -> Path:
        return get_cache_folder() / f"{self.file_stem()}-{self.source_state}.safetensors"

    def file_stem(self) -> str:
        slug = re.sub(r"[^A-Za-z0-9_.]+", "_", self.name)[-60:].strip("_")
        return f"{slug}-{compute_digest(CACHE_FORMAT_VERSION, self.origin)}"


def get_cache_folder() -> Path:
    """AUXGEN_CACHE, or ~/.cache/auxgen."""
    return Path(os.environ.get("AUXGEN_CACHE") or "~/.cache/auxgen").expanduser()


def load_or_create_dataset(key: CacheKey, make: Callable[[], UndecodedDataset]) -> Dataset:
    """The cached set; made, and older states of it forgotten, where there is none that can be read.

    Raises:
        NotSaved: The cache cannot be written.
    """
    path = key.path()
    found = _read_dataset_file(path)
    if found is None:
        try:
            found = _create_under_lock(key, make)
        except OSError as error:
            raise NotSaved(
                f"The decoded data cannot be written to {get_cache_folder()} ({error}); "
                "set AUXGEN_CACHE to a folder with room."
            ) from error
    return replace(found, name=key.name)


def _create_under_lock(key: CacheKey, make: Callable[[], UndecodedDataset]) -> Dataset:
    """Makes the set and writes it, while other processes that want it wait."""
    path = key.path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{key.file_stem()}.lock")):
        found = _read_dataset_file(path)
        if found is not None:
            return found
        _write_dataset_file(path, make())
        for older in path.parent.glob(f"{key.file_stem()}-*.safetensors"):
            if older != path:
                older.unlink(missing_ok=True)
    found = _read_dataset_file(path)
    if found is None:
        raise OSError(f"{path.name} was written but cannot be read")
    return found


def load_newest_dataset(key: CacheKey) -> Dataset | None:
    """The set in whatever state it was last seen; None if it never was."""
    paths = get_cache_folder().glob(f"{key.file_stem()}-*.safetensors")
    found = [
        _read_dataset_file(p) for p in sorted(paths, key=lambda p: p.stat().st_mtime, reverse=True)
    ]
    return next((replace(e, name=key.name) for e in found if e is not None), None)


def _read_dataset_file(path: Path) -> Dataset | None:
    """The set in a file, x memory-mapped; None if the file is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads(file.metadata()["examples"])
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 (not a dict)
        return Dataset(
            **{k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}, **tensors
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def _write_dataset_file(path: Path, undecoded: UndecodedDataset) -> None:
    """Writes a set block by block under a temporary name, then renames it: whole or not there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            _write_tensors(file, undecoded)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_tensors(file: BinaryIO, undecoded: UndecodedDataset) -> None:
    """The safetensors layout, header and tensors; the fingerprint, known last, is put in its place.

    All fingerprints are equally long, and so is the header with another one in it.
    """
    examples, digest = undecoded.dataset, start_digest(undecoded.dataset)
    file.write(_build_header(examples, digest.hexdigest()))
    for tensor in _collect_label_tensors(examples).values():
        file.write(tensor.numpy().tobytes())
    rows = 0
    for block in undecoded.blocks:
        block = np.ascontiguousarray(block)
        digest.update(block.data)
        file.write(block.data)
        rows += len(block)
    if rows != len(examples):
        raise OSError(f"{rows} of {len(examples)} rows came")
    file.seek(0)
    file.write(_build_header(examples, digest.hexdigest()))


def _build_header(dataset: Dataset, fingerprint: str) -> bytes:
    """The header of a safetensors file: its length (8 bytes), then JSON padded to 8 bytes."""
    facts = {
        "classes": dataset.classes,
        "name": dataset.name,
        "fingerprint": fingerprint,
        "attribute_names": dataset.attribute_names,
    }
    table: dict[str, object] = {"__metadata__": {"examples": json.dumps(facts)}}
    start = 0
    for name, tensor in {**_collect_label_tensors(dataset), "x": dataset.x}.items():
        end = start + tensor.numel() * tensor.element_size()
        kind, shape = SAFETENSORS_DTYPES[tensor.dtype], list(tensor.shape)
        table[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
        start = end
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _collect_label_tensors(dataset: Dataset) -> dict[str, Tensor]:
    """The tensors beside x, the widest entries first, as the layout wants."""
    attributes = dataset.attributes
    return {"y": dataset.y} | ({} if attributes is None else {"attributes": attributes})
