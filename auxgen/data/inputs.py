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
        space: Of the model. Images are turned grey or coloured to match its channels.
        resize: Stretch images of other sizes to fit; otherwise they are refused.

    Raises:
        InputError: A file that is not there, cannot be read or does not fit.
    """
    parts = [part for path in paths for part in _read_path(Path(path), space, resize)]
    if not any(len(part.names) for part in parts):
        got = ", ".join(str(path) for path in paths) or "nothing"
        raise InputError(f"There are no rows in {got}; wanted are images, .npy or .csv.")
    return InputRows(
        torch.cat([p.x for p in parts]), tuple(name for p in parts for name in p.names)
    )


def _read_path(path: Path, space: Preprocessor, resize: bool) -> list[InputRows]:
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
        return [_read_image(p, space, resize, str(p.relative_to(path))) for p in inside]
    if not path.is_file():
        raise InputError(
            f"There is no file {str(path)!r}; wanted are images, a folder, .npy or .csv."
        )
    ending = path.suffix.lower()
    if ending in IMAGE_SUFFIXES:
        return [_read_image(path, space, resize, path.name)]
    if ending == ".npy":
        return [_read_array(path, space)]
    if ending == ".csv":
        return [_read_csv_rows(path, space)]
    raise InputError(f"{path.name!r} cannot be read; wanted are images, a folder, .npy or .csv.")


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
        raise InputError(f"{name!r} cannot be read; wanted is an intact image.") from error


def _read_array(path: Path, space: Preprocessor) -> InputRows:
    """A .npy array as rows (n, *shape): rows, flattened rows, or channels last."""
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(
            f"{path.name!r} cannot be read; wanted is a .npy array of numbers."
        ) from error
    if array.dtype != np.uint8 and array.dtype.kind not in "fiub":
        raise InputError(f"{path.name!r} holds {array.dtype}; wanted are numbers.")
    is_bytes = array.dtype == np.uint8 and space.kind == "images"
    x = torch.from_numpy(array.astype(np.float32) / (255 if is_bytes else 1))
    return _check_rows(_reshape_rows(x, space, path.name), space, path.name)


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


def _read_csv_rows(path: Path, space: Preprocessor) -> InputRows:
    """A .csv file as rows, with or without a header; a table's columns are found by name."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name!r} cannot be read; wanted is a CSV file in UTF-8.") from error
    header = lines[0] if lines and not all(map(_is_numeric, lines[0])) else None
    body = lines[1:] if header else lines
    chosen = _match_columns(header, space, path.name)
    rows = []
    for number, line in enumerate(body, 2 if header else 1):
        cells = line if chosen is None else [line[i] for i in chosen if i < len(line)]
        rows.append(_parse_cells(cells, space, f"{path.name}, line {number}"))
    x = torch.tensor(rows, dtype=torch.float32).reshape(-1, *space.shape)
    if space.kind == "images" and x.numel() and x.max() > 1:
        x = x / 255
    names = tuple(f"{path.name}:{i}" for i in range(len(x)))
    return InputRows(_check_rows(x, space, path.name).x, names)


def _match_columns(
    header: Sequence[str] | None, space: Preprocessor, name: str
) -> list[int] | None:
    """Where the model's columns stand in a header; None where they are taken as they come."""
    if header is None or not space.columns:
        return None
    missing = [column for column in space.columns if column not in header]
    if missing:
        raise InputError(
            f"{name!r} has no column {missing[0]!r}; wanted are {', '.join(space.columns)}."
        )
    return [list(header).index(column) for column in space.columns]


def _parse_cells(cells: Sequence[str], space: Preprocessor, where: str) -> list[float]:
    if len(cells) != prod(space.shape):
        raise InputError(
            f"{where} has {len(cells)} values, but the model takes {_describe_row_shape(space)}."
        )
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        odd = next(cell for cell in cells if not _is_numeric(cell))
        raise InputError(f"{where} has {odd!r}; wanted are numbers.") from None


def _check_rows(x: Tensor, space: Preprocessor, name: str) -> InputRows:
    """Rows whose values a model can take: finite, and pixels in [0, 1]."""
    if not x.isfinite().all():
        raise InputError(f"{name!r} has values that are not finite; wanted are numbers.")
    if space.kind == "images" and x.numel() and (x.min() < 0 or x.max() > 1):
        low, high = x.min().item(), x.max().item()
        raise InputError(
            f"{name!r} has pixels from {low:.4g} to {high:.4g}; wanted are 0 to 1, or bytes."
        )
    return InputRows(x, tuple(f"{name}:{i}" for i in range(len(x))))


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
