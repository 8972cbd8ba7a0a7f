"""The splits of a person's folder of image files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .hub import SPLIT_ALIASES
from .sheets import find_sheet
from .walking import (
    LeftOut,
    find_image_files,
    format_path,
    has_image_files,
    is_image_file,
    list_folders,
)

SPLITS = ("train", "test", "valid")
UNLABELLED_FOLDERS = frozenset({"unlabelled", "unlabeled"})
"""Class folders of these names hold images without a label."""


@dataclass(frozen=True)
class ImageSplit:
    """The folder of a split, and its image files."""

    place: Path
    files: tuple[Path, ...]


@dataclass(frozen=True)
class ImageFolder:
    """A folder's splits, all is "train" where no folder is so named; and notes for a person."""

    splits: Mapping[str, ImageSplit]
    notes: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        """The files of all splits."""
        return [file for split in self.splits.values() for file in split.files]


def scan_image_folder(folder: Path) -> ImageFolder:
    """The folder and the image files of every split; all is "train" where no folder is so named.

    Raises:
        InputError: There is no folder, no image in it, or it is not clear what is a split.
    """
    if not folder.is_dir():
        raise InputError(
            f"There is no folder {format_path(folder)}; a folder with images is expected."
        )
    places, notes = _find_split_places(folder)
    left_out = LeftOut()
    found = {
        split: ImageSplit(place, tuple(find_image_files(place, left_out)))
        for split, place in places.items()
    }
    empty = next((own.place for own in found.values() if not own.files), None)
    if empty is not None:
        raise InputError(
            f"Folder {format_path(empty)} has no images; PNG, JPEG or WebP files are expected."
        )
    return ImageFolder(found, (*notes, *left_out.make_notes()))


def _find_split_places(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """The folders of the splits, and what a person should know of the choice.

    A folder called train may be a class among others; what lies in it decides.
    """
    below = list_folders(folder)
    split_of = {p: SPLIT_ALIASES.get(p.name.lower(), p.name.lower()) for p in below}
    named = [p for p in below if split_of[p] in SPLITS]
    if not named:
        return {"train": folder}, []
    beside = [p for p in below if p not in named and has_image_files(p)]
    classes = [p for p in beside if p.name.lower() not in UNLABELLED_FOLDERS]
    words = ", ".join(format_path(p.name) for p in classes[:5])
    train = next((p for p in named if split_of[p] == "train"), None)
    if classes and (train is None or not _holds_a_split(train)):
        if named != [train] or not has_image_files(named[0]):
            names = " and ".join(format_path(p.name) for p in named)
            raise InputError(
                f"{format_path(folder)} has {names}, by name a split, beside {words}: put class "
                "folders into a folder train, or give that folder another name."
            )
        note = (
            f"Folder {format_path(named[0].name)} is taken for a class, as it lies beside {words} "
            "and has no folders of its own."
        )
        return {"train": folder}, [note]
    twice = [p.name for p in named if [split_of[q] for q in named].count(split_of[p]) > 1]
    if twice:
        raise InputError(
            f"{format_path(folder)} has the folders {' and '.join(map(format_path, twice))}, which "
            "mean the same split; one of them is expected."
        )
    return {split_of[p]: p for p in named}, _describe_left_beside(folder, beside, named)


def _holds_a_split(place: Path) -> bool:
    """Whether a folder has class folders or a sheet of its own."""
    return find_sheet(place) is not None or any(map(has_image_files, list_folders(place)))


def _describe_left_beside(folder: Path, beside: Sequence[Path], named: Sequence[Path]) -> list[str]:
    """Notes on pictures that are in no split."""
    splits = ", ".join(format_path(p.name) for p in named)
    loose = [p for p in sorted(folder.iterdir()) if is_image_file(p)]
    return [
        f"{format_path(path.name)} is left out: it lies beside the splits {splits}."
        for path in (*beside[:3], *loose[:3])
    ]
