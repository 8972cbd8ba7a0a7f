"""Sets in the files that their authors publish: which they are, where they lie, their pixels."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from ...errors import InputError, unknown_name
from .. import cache
from ..dataset import Dataset
from ..decoding import apply_frame, check_picture_size
from ..frame import Frame

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
    prepare: Callable[[SplitFiles, str, Frame], cache.UndecodedDataset]
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
    title, origin = f"{name}/{split}", f"official {name} {folder.resolve()} {split} {frame}"
    file = cache.make_cache_file(title, origin, cache.compute_files_digest(parts.values(), folder))
    return cache.load_or_create_dataset(file, partial(official.prepare, parts, title, frame))


def _find_split_files(name: str, official: OfficialFormat, folder: Path, split: str) -> SplitFiles:
    """The files of a split, all of which must be there."""
    if split not in official.files:
        raise unknown_name(f"{name} split", split, official.files)
    needed = official.files[split]
    places = {part: official.find_file(folder, file) for part, file in needed.items()}
    missing = [needed[part] for part, place in places.items() if place is None]
    if missing:
        raise InputError(
            f"{folder} has no {missing[0]}; split {split!r} of {name} is made of "
            f"{' and '.join(needed.values())}."
        )
    return {part: place for part, place in places.items() if place is not None}


def make_missing_files_error(name: str, official: OfficialFormat, split: str) -> InputError:
    """The sentence for a set that only its official files hold, where no folder has them."""
    if split not in official.files:
        return unknown_name(f"{name} split", split, official.files)
    return InputError(
        f"{name} is not in AUXGEN_DATA, and the Hugging Face hub has no copy that can be read; "
        f"a folder there with {' and '.join(official.files[split].values())} is expected."
    )


@dataclass(frozen=True)
class PixelBlocks:
    """Pictures of one shape.

    Attributes:
        location: Where they come from, for messages.
        shape: (n, c, h, w).
        blocks: The pictures in order, uint8 (m, c, h, w) each.
    """

    location: str
    shape: tuple[int, int, int, int]
    blocks: Iterable[np.ndarray]


def prepare_pixel_dataset(
    pixels: PixelBlocks,
    y: np.ndarray,
    classes: tuple[str, ...],
    title: str,
    frame: Frame,
    attributes: dict[str, np.ndarray] | None = None,
) -> cache.UndecodedDataset:
    """The set of n pictures before it is decoded.

    Args:
        pixels: The pictures.
        y: Class indices (n,), -1 where blank.
        classes: Names of the classes.
        title: Name of the set.
        frame: What becomes of every picture.
        attributes: Flags (n,) by name.

    Raises:
        InputError: There is no picture, or they are smaller than the crop.
    """
    n, c, h, w = pixels.shape
    if n == 0:
        raise InputError(f"{pixels.location} holds no pictures; one or more are expected.")
    check_picture_size(pixels.location, (w, h), (pixels.location, (w, h)), frame)
    side = frame.get_output_side()
    shape = (n, c, side or h, side or w)
    blocks = (_apply_frame_to_block(block, frame) for block in pixels.blocks)
    return cache.make_undecoded_dataset(blocks, shape, y, classes, title, attributes, frame=frame)


def _apply_frame_to_block(block: np.ndarray, frame: Frame) -> np.ndarray:
    """Pixels in their frame, channel by channel: uint8 (m, c, h, w) -> (m, c, H, W)."""
    if frame.get_output_side() is None:
        return block
    m, c, h, w = block.shape
    sheets = np.ascontiguousarray(block).reshape(m * c, h, w)
    small = np.stack([np.asarray(apply_frame(Image.fromarray(sheet), frame)) for sheet in sheets])
    return small.reshape(m, c, *small.shape[1:])


def check_equal_counts(pictures: int, labels: int, files: tuple[Path, Path]) -> None:
    """Raises InputError unless there are as many labels as pictures."""
    if pictures != labels:
        first, second = files
        beside = second.name if second != first else "it"
        raise InputError(
            f"{first} holds {pictures} pictures and {beside} {labels} labels; as many are expected."
        )


def check_label_range(labels: np.ndarray, low: int, high: int, file: Path) -> None:
    """Raises InputError where a label is below `low` or above `high`."""
    outside = labels[(labels < low) | (labels > high)]
    if len(outside):
        raise InputError(f"{file} has a label {outside[0]}; {low} to {high} are expected.")
