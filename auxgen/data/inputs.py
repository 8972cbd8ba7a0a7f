"""A person's files as raw rows that fit a model's space."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .dataset import Preprocessor

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
FILE_KINDS = "images, a folder, .npy or .csv"
BILINEAR = 2  # PIL.Image.Resampling.BILINEAR, which need not be imported for it


@dataclass(frozen=True, eq=False)
class InputRows:
    """Raw rows (n, *shape) as float32, pixels in [0, 1], and the names of their n sources."""

    x: Tensor
    names: tuple[str, ...]


def read_rows(paths: Sequence[Path], space: Preprocessor, *, resize: bool = False) -> InputRows:
    """Image files, folders of images, .npy arrays and .csv tables, as rows of the space.

    Args:
        paths: Files or folders; a folder gives its images, those of its folders too, by name.
        space: How the model sees rows. Images are turned grey or coloured to match its channels.
        resize: Stretch images of other sizes to fit; otherwise they are refused.

    Raises:
        InputError: A file that is not there, cannot be read or does not fit.
    """
    parts = [part for path in paths for part in _read_path(Path(path), space, resize)]
    if not any(len(part.names) for part in parts):
        got = ", ".join(str(path) for path in paths) or "nothing"
        raise InputError(f"There are no rows in {got}; expected images, .npy or .csv.")
    names = tuple(name for part in parts for name in part.names)
    return InputRows(torch.cat([part.x for part in parts]), names)


def _read_path(path: Path, space: Preprocessor, resize: bool) -> list[InputRows]:
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
        return [_read_image(p, space, resize, str(p.relative_to(path))) for p in inside]
    if not path.is_file():
        raise InputError(f"There is no file {str(path)!r}; expected {FILE_KINDS}.")
    ending = path.suffix.lower()
    if ending in IMAGE_SUFFIXES:
        return [_read_image(path, space, resize, path.name)]
    if ending == ".npy":
        return [_name_rows(_read_array(path, space), path)]
    if ending == ".csv":
        return [_name_rows(_read_csv_rows(path, space), path)]
    raise InputError(f"{path.name!r} cannot be read; expected {FILE_KINDS}.")


def _name_rows(x: Tensor, path: Path) -> InputRows:
    return InputRows(x, tuple(f"{path.name}:{i}" for i in range(len(x))))


def _read_image(path: Path, space: Preprocessor, resize: bool, name: str) -> InputRows:
    """One image file as a row (1, c, h, w)."""
    if len(space.shape) != 3:
        raise InputError(f"{name!r} is an image, but the model takes {_describe_row_shape(space)}.")
    c, h, w = space.shape
    if c not in (1, 3):
        raise InputError(f"{name!r} cannot fill {c} channels; give the rows as .npy.")
    image = _open_upright_image(path, name).convert("L" if c == 1 else "RGB")
    if image.size != (w, h):
        if not resize:
            got = f"{image.width} x {image.height}"
            raise InputError(f"{name!r} is {got} pixels, the model takes {w} x {h}; ask to resize.")
        image = image.resize((w, h), resample=BILINEAR)
    pixels = torch.from_numpy(np.array(image, dtype=np.float32) / 255)
    return InputRows(pixels.reshape(h, w, c).permute(2, 0, 1).unsqueeze(0), (name,))


def _open_upright_image(path: Path, name: str) -> Image:
    """The image in a file, turned upright, with 8 bits a channel."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I;16"):  # which `convert` would clip at 255
                image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
            image.load()
            return image
    except OSError as error:
        raise InputError(f"{name!r} cannot be read; expected an intact image.") from error


def _read_array(path: Path, space: Preprocessor) -> Tensor:
    """A .npy array as rows (n, *shape): rows, flattened rows, or channels last."""
    name = path.name
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{name!r} cannot be read; expected a .npy array of numbers.") from error
    return convert_array(array, space, name)


def convert_array(
    array: np.ndarray, space: Preprocessor, name: str = "rows", *, tolerance: float = 0.0
) -> Tensor:
    """Rows of an array as raw rows of a model: -> (n, *shape) float32, pixels in [0, 1].

    Args:
        array: Rows, flattened rows, one row, or images with channels last; uint8 pixels are divided
            by 255.
        space: How the model sees raw rows.
        name: Name of the array, for messages.
        tolerance: How far outside [0, 1] pixels may lie, as those of a model's samples do.

    Raises:
        InputError: The array has another shape, or values that the model cannot take.
    """
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name!r} holds {array.dtype}; expected numbers.")
    is_bytes = array.dtype == np.uint8 and space.kind == "images"
    x = torch.from_numpy(array.astype(np.float32) / (255 if is_bytes else 1))
    x = _reshape_rows(x, space, name)
    _check_values(x, space, name, tolerance)
    return x


def _reshape_rows(x: Tensor, space: Preprocessor, name: str) -> Tensor:
    """Rows in any of the usual layouts -> (n, *shape)."""
    shape = space.shape
    if x.shape[1:] == shape or x.shape[1:] == (prod(shape),):
        return x.reshape(-1, *shape)
    if x.shape == shape or x.shape == (prod(shape),):
        return x.reshape(1, *shape)
    if len(shape) == 3:
        c, h, w = shape
        if c == 1 and x.shape[-2:] == (h, w) and x.ndim in (2, 3):
            return x.reshape(-1, *shape)
        if x.shape[-3:] == (h, w, c) and x.ndim in (3, 4):
            return x.reshape(-1, h, w, c).permute(0, 3, 1, 2)
    raise InputError(
        f"{name!r} holds {tuple(x.shape)}, but the model takes {_describe_row_shape(space)}."
    )


def _read_csv_rows(path: Path, space: Preprocessor) -> Tensor:
    """A .csv file as rows, with or without a header; a table's columns are found by name."""
    name = path.name
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name!r} cannot be read; expected a CSV file in UTF-8.") from error
    header = lines[0] if lines and not all(map(_is_numeric, lines[0])) else None
    body = lines[1:] if header else lines
    chosen = _match_columns(header, space, name) if header and space.columns else None
    rows = []
    for number, line in enumerate(body, 2 if header else 1):
        cells = line if chosen is None else [line[i] for i in chosen if i < len(line)]
        rows.append(_parse_cells(cells, space, f"{name}, line {number}"))
    x = torch.tensor(rows, dtype=torch.float32).reshape(-1, *space.shape)
    if space.kind == "images" and x.numel() and x.max() > 1:
        x = x / 255
    _check_values(x, space, name)
    return x


def _match_columns(header: list[str], space: Preprocessor, name: str) -> list[int]:
    """Where the model's columns stand in a header."""
    missing = [column for column in space.columns if column not in header]
    if missing:
        raise InputError(
            f"{name!r} has no column {missing[0]!r}; expected {', '.join(space.columns)}."
        )
    return [header.index(column) for column in space.columns]


def _parse_cells(cells: Sequence[str], space: Preprocessor, where: str) -> list[float]:
    if len(cells) != prod(space.shape):
        raise InputError(
            f"{where} has {len(cells)} values, but the model takes {_describe_row_shape(space)}."
        )
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        odd = next(cell for cell in cells if not _is_numeric(cell))
        raise InputError(f"{where} has {odd!r}; expected numbers.") from None


def _check_values(x: Tensor, space: Preprocessor, name: str, tolerance: float = 0.0) -> None:
    """Raises unless a model can take the values of rows: finite, and pixels in [0, 1]."""
    if not x.isfinite().all():
        raise InputError(f"{name!r} has values that are not finite; expected numbers.")
    low, high = (x.min().item(), x.max().item()) if x.numel() else (0.0, 0.0)
    if space.kind == "images" and (low < -tolerance or high > 1 + tolerance):
        raise InputError(
            f"{name!r} has pixels from {low:.4g} to {high:.4g}; expected 0 to 1, or bytes."
        )


def _is_numeric(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _describe_row_shape(space: Preprocessor) -> str:
    """The shape of a row, in words."""
    if len(space.shape) == 3:
        c, h, w = space.shape
        return f"images of {w} x {h} pixels and {c} channel{'' if c == 1 else 's'}"
    return f"rows of {prod(space.shape)} values"
