"""The official files of a set: which they are, where they lie, and the set that is read of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError, unknown_name
from ..cache import CacheKey, UndecodedDataset, load_or_create_dataset
from ..dataset import Dataset
from ..decoding import Frame
from ..fingerprints import compute_files_digest

SplitFiles = Mapping[str, Path]
"""The files of a split, by what they hold."""


@dataclass(frozen=True)
class OfficialFormat:
    """A format.

    Attributes:
        files: The name of the file that holds each part of a split, by the split and the part.
        prepare: The files of a split, what to call it and a frame -> the set before it is decoded.
        endings: What may follow a file's name, such as ".gz".
    """

    files: Mapping[str, Mapping[str, str]]
    prepare: Callable[[SplitFiles, str, Frame], UndecodedDataset]
    endings: tuple[str, ...] = ("",)

    def has_files_in(self, folder: Path) -> bool:
        """Whether any of the files is in the folder."""
        names = {n for parts in self.files.values() for n in parts.values()}
        return any(self.find_file(folder, n) is not None for n in names)

    def find_file(self, folder: Path, name: str) -> Path | None:
        """Where a file lies: in the folder, or in one below, as unpacked archives leave it."""
        named = [name + ending for ending in self.endings]
        found = [p for n in named for p in (*folder.glob(n), *sorted(folder.glob(f"*/{n}")))]
        return next((p for p in found if p.is_file()), None)


def load_official_dataset(
    name: str, official: OfficialFormat, folder: Path, split: str, frame: Frame
) -> Dataset:
    """The rows of a split, decoded once.

    Raises:
        InputError: The split or one of its files is not there, or a file is not as it should be.
        NotSaved: The cache cannot be written.
    """
    parts = _find_split_files(name, official, folder, split)
    key = CacheKey(
        name=f"{name}/{split}",
        origin=f"official {name} {folder.resolve()} {split} {frame}",
        source_state=compute_files_digest(parts.values(), folder),
    )
    return load_or_create_dataset(key, lambda: official.prepare(parts, key.name, frame))


def _find_split_files(name: str, official: OfficialFormat, folder: Path, split: str) -> SplitFiles:
    """The files of a split.

    Raises:
        InputError: There is no such split, or one of its files is not there.
    """
    if split not in official.files:
        raise unknown_name(f"{name} split", split, official.files)
    wanted = official.files[split]
    places = {part: official.find_file(folder, file) for part, file in wanted.items()}
    missing = [wanted[part] for part, place in places.items() if place is None]
    if missing:
        raise InputError(
            f"{folder} has no {missing[0]}; split {split!r} of {name} is made of "
            f"{' and '.join(wanted.values())}."
        )
    return {part: place for part, place in places.items() if place is not None}


def make_missing_files_error(name: str, official: OfficialFormat, split: str) -> InputError:
    """The sentence for a set that only its official files hold, where no folder has them."""
    if split not in official.files:
        return unknown_name(f"{name} split", split, official.files)
    return InputError(
        f"{name} is not in AUXGEN_DATA, and the Hugging Face hub has no copy that can be read; "
        f"a folder there with {' and '.join(official.files[split].values())} is wanted."
    )
