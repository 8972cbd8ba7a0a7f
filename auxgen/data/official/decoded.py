"""Pictures that lie as plain pixels: checked, framed, and drafted for the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from ...errors import InputError
from ..cache import UndecodedDataset
from ..dataset import Dataset
from ..decoding import Frame, apply_frame, check_picture_size


@dataclass(frozen=True)
class PixelBlocks:
    """Pictures of one shape.

    Attributes:
        location: What to call them when they will not do.
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
    *,
    title: str,
    frame: Frame,
    attributes: dict[str, np.ndarray] | None = None,
) -> UndecodedDataset:
    """The set of these pictures before it is decoded.

    Args:
        pixels: n pictures.
        y: Class indices (n,), -1 where blank.
        classes: Names of the classes.
        title: What to call the set.
        frame: What becomes of every picture.
        attributes: Flags (n,) by name.

    Raises:
        InputError: There is no picture, or they are smaller than the crop.
    """
    n, c, h, w = pixels.shape
    if n == 0:
        raise InputError(f"{pixels.location} holds no pictures; one or more are wanted.")
    check_picture_size(pixels.location, (w, h), (pixels.location, (w, h)), frame)
    shape = (n, c, frame.get_output_side() or h, frame.get_output_side() or w)
    flags = None if attributes is None else np.stack(list(attributes.values()), 1)
    examples = Dataset(
        x=torch.empty(shape, dtype=torch.uint8, device="meta"),
        y=torch.from_numpy(y.astype(np.int64)),
        classes=classes,
        name=title,
        fingerprint="",
        attributes=None if flags is None else torch.from_numpy(flags.astype(np.float32)),
        attribute_names=tuple(attributes or ()),
    )
    return UndecodedDataset(examples, frame_blocks(pixels, frame, title))


def frame_blocks(pixels: PixelBlocks, frame: Frame, title: str) -> Iterator[np.ndarray]:
    """Framed pixels in order: uint8 (m, c, h, w); the progress bar has a title."""
    bar = tqdm(total=pixels.shape[0], desc=f"decoding {title}, once", disable=None, leave=False)
    with bar:
        for block in pixels.blocks:
            yield _apply_frame_to_block(block, frame)
            bar.update(len(block))


def _apply_frame_to_block(block: np.ndarray, frame: Frame) -> np.ndarray:
    """Pixels in their frame, channel by channel: uint8 (m, c, h, w) -> (m, c, H, W)."""
    if frame.get_output_side() is None:
        return block
    m, c, h, w = block.shape
    sheets = np.ascontiguousarray(block).reshape(m * c, h, w)
    small = np.stack([np.asarray(apply_frame(Image.fromarray(sheet), frame)) for sheet in sheets])
    return small.reshape(m, c, *small.shape[1:])


def check_equal_counts(pictures: int, labels: int, files: tuple[Path, Path]) -> None:
    """Refuse pictures and labels of different numbers.

    Raises:
        InputError: They differ.
    """
    if pictures != labels:
        first, second = files
        beside = second.name if second != first else "it"
        raise InputError(
            f"{first} holds {pictures} pictures and {beside} {labels} labels; as many are wanted."
        )


def check_label_range(labels: np.ndarray, low: int, high: int, file: Path) -> None:
    """Refuse labels out of their range.

    Raises:
        InputError: One is below `low` or above `high`.
    """
    outside = labels[(labels < low) | (labels > high)]
    if len(outside):
        raise InputError(f"{file} has a label {outside[0]}; {low} to {high} are wanted.")
