"""The pictures below a person's folder, and what lies there that is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from ..files import describe_os_error

IMAGE_FILE_SUFFIXES = frozenset(
    f".{s}"
    for s in (
        *("png", "jpg", "jpeg", "jpe", "jfif", "webp", "avif", "bmp", "gif", "tif", "tiff"),
        *("ppm", "pgm", "pbm", "pnm"),
    )
)
OTHER_IMAGE_SUFFIXES = frozenset(
    f".{s}"
    for s in ("heic", "heif", "dng", "cr2", "nef", "arw", "psd", "svg", "exr", "jp2", "jxl", "tga")
)
"""Files of pictures that are not read, which a person should know."""
SKIPPED_FOLDERS = frozenset(
    ("__macosx", "__pycache__", "@eadir", "$recycle.bin", "system volume information")
)
"""Folders that systems leave among a person's, in lower case."""


@dataclass
class Tally:
    """How many things of a kind there are, and the first of them."""

    count: int = 0
    first: str = ""

    def add(self, name: str) -> None:
        self.count, self.first = self.count + 1, self.first or name

    def describe(self, one: str, several: str) -> str:
        """A sentence of {first} alone, or of {count} things and the first."""
        return (one if self.count == 1 else several).format(count=self.count, first=self.first)


@dataclass
class LeftOut:
    """What was left out below a folder."""

    hidden: Tally = field(default_factory=Tally)
    folders: Tally = field(default_factory=Tally)
    runs: Tally = field(default_factory=Tally)
    loops: Tally = field(default_factory=Tally)
    broken: Tally = field(default_factory=Tally)
    others: Tally = field(default_factory=Tally)

    def make_notes(self) -> list[str]:
        words = {
            "hidden": "hidden pictures",
            "folders": "folders that a system made",
            "runs": "runs of auxgen",
            "loops": "links that lead back to a folder above",
            "broken": "links that lead nowhere",
            "others": "pictures of a kind that is not read",
        }
        return [
            tally.describe(
                f"{{first}} is left out: it is one of the {what}.",
                f"{{count}} {what} (the first: {{first}}) are left out.",
            )
            for name, what in words.items()
            if (tally := getattr(self, name)).count
        ]


def find_image_files(folder: Path, left_out: LeftOut | None = None) -> list[Path]:
    """The pictures below a folder, in order; links are followed, hidden files are left out.

    Args:
        folder: Where to look.
        left_out: Takes note of what is left out.

    Raises:
        InputError: A folder cannot be opened.
    """
    left_out = left_out or LeftOut()
    return sorted(_walk(folder, folder, (), left_out))


def has_image_files(folder: Path) -> bool:
    """Whether there is a picture below a folder."""
    return any(True for _ in _walk(folder, folder, (), LeftOut()))


def is_image_file(path: Path) -> bool:
    """Whether a path is a picture by its ending, and not hidden."""
    hidden = path.name.startswith(".")
    return path.suffix.lower() in IMAGE_FILE_SUFFIXES and not hidden and path.is_file()


def list_folders(folder: Path) -> list[Path]:
    """The folders and links to folders in a folder, in order, but those that are left out.

    Raises:
        InputError: The folder cannot be opened.
    """
    return [
        Path(entry.path) for entry in _scan(folder) if not _is_skipped(entry) and entry.is_dir()
    ]


def format_path(path: Path | str) -> str:
    """A path as text that can be written anywhere: bytes that are not UTF-8 become \\xe9."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c >= " " and c != "\x7f" else repr(c)[1:-1] for c in text)


def _walk(
    folder: Path, root: Path, above: tuple[tuple[int, int], ...], left_out: LeftOut
) -> Iterator[Path]:
    """The pictures in a folder and below; `above` has device and inode of the folders above."""
    stat = folder.stat()
    chain = (*above, (stat.st_dev, stat.st_ino))
    for entry in _scan(folder):
        path = Path(entry.path)
        suffix, hidden = path.suffix.lower(), entry.name.startswith(".")
        tally = None
        if entry.is_dir():
            there = entry.stat()
            if hidden:
                continue
            if _is_run(entry):
                tally = left_out.runs
            elif _is_skipped(entry):
                tally = left_out.folders
            elif (there.st_dev, there.st_ino) in chain:
                tally = left_out.loops
            else:
                yield from _walk(path, root, chain, left_out)
        elif suffix in OTHER_IMAGE_SUFFIXES and not hidden:
            tally = left_out.others
        elif suffix in IMAGE_FILE_SUFFIXES:
            if hidden:
                tally = left_out.hidden
            elif entry.is_file():
                yield path
            elif entry.is_symlink():
                tally = left_out.broken
        if tally is not None:
            tally.add(format_path(path.relative_to(root)))


def _is_skipped(entry: os.DirEntry[str]) -> bool:
    named = entry.name.startswith(".") or entry.name.lower() in SKIPPED_FOLDERS
    return named or _is_run(entry)


def _is_run(entry: os.DirEntry[str]) -> bool:
    """Whether a folder is a run, whose pictures are no data."""
    return os.path.isfile(os.path.join(entry.path, "run.json"))


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(
            f"Folder {format_path(folder)} cannot be opened: {describe_os_error(error)}."
        ) from error
