"""Fingerprints: short hex digests of rows, and of the files that rows come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from .dataset import Dataset


def start_digest(dataset: Dataset) -> hashlib.blake2b:
    """The digest of all but the entries of x, whose shape it knows; feed it x to complete it."""
    digest = hashlib.blake2b(digest_size=16)
    names = [dataset.classes, dataset.attribute_names, dataset.columns]
    digest.update(json.dumps([tuple(dataset.x.shape), str(dataset.x.dtype), names]).encode())
    digest.update(dataset.y.numpy().tobytes())
    if dataset.attributes is not None:
        digest.update(dataset.attributes.numpy().tobytes())
    return digest


def add_fingerprint(dataset: Dataset) -> Dataset:
    """The same rows with the fingerprint of their content."""
    digest = start_digest(dataset)
    digest.update(dataset.x.contiguous().numpy().data)
    return replace(dataset, fingerprint=digest.hexdigest())


def compute_digest(*words: object) -> str:
    """A digest of what the words print as."""
    return hashlib.blake2b(json.dumps([str(w) for w in words]).encode(), digest_size=8).hexdigest()


def compute_files_digest(files: Iterable[Path], root: Path) -> str:
    """A digest that changes when a file comes, goes, or changes in name, size or time."""
    facts = []
    for file in sorted(files):
        stat = file.stat()
        facts.append((file.relative_to(root).as_posix(), stat.st_size, stat.st_mtime_ns))
    return compute_digest(*facts)
