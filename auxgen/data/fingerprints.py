"""Fingerprints: short hex digests of rows, and of the files that rows come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from .dataset import Examples


def begun(examples: Examples) -> hashlib.blake2b:
    """The digest of all but the entries of x, whose shape it knows; feed it x to complete it."""
    digest = hashlib.blake2b(digest_size=16)
    names = [examples.classes, examples.attribute_names, examples.columns]
    digest.update(json.dumps([tuple(examples.x.shape), str(examples.x.dtype), names]).encode())
    digest.update(examples.y.numpy().tobytes())
    if examples.attributes is not None:
        digest.update(examples.attributes.numpy().tobytes())
    return digest


def stamped(examples: Examples) -> Examples:
    """The same rows with the fingerprint of their content."""
    digest = begun(examples)
    digest.update(examples.x.contiguous().numpy().data)
    return replace(examples, fingerprint=digest.hexdigest())


def of_words(*words: object) -> str:
    """A digest of what the words print as."""
    return hashlib.blake2b(json.dumps([str(w) for w in words]).encode(), digest_size=8).hexdigest()


def of_files(files: Iterable[Path], root: Path) -> str:
    """A digest that changes when a file comes, goes, or changes in name, size or time."""
    facts = []
    for file in sorted(files):
        stat = file.stat()
        facts.append((file.relative_to(root).as_posix(), stat.st_size, stat.st_mtime_ns))
    return of_words(*facts)
