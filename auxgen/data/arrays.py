"""Rows and labels as a person has them in memory, checked and brought to tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError, unknown_name
from .labels import BLANK, collect_classes, map_labels_to_indices


def parse_rows(x: Any) -> Tensor:
    """x of `own.arrays`: uint8 images (n, c, h, w), or float32 vectors (n, d).

    Raises:
        InputError: x is empty, no numbers, of another shape, out of range, or not finite.
    """
    array = _parse_numbers(x)
    if array.size == 0:
        raise InputError(f"x of shape {array.shape} is empty; one row or more is wanted.")
    if array.dtype.kind == "f":
        _require_finite(array)
    if array.ndim in (3, 4):
        return torch.from_numpy(
            np.ascontiguousarray(_move_channels_first(_convert_to_uint8(array)))
        )
    if array.ndim != 2:
        raise InputError(f"x has shape {array.shape}; images or vectors (n, d) are wanted.")
    if array.dtype == np.uint8:
        raise InputError(
            f"x is uint8 of shape {array.shape}; "
            "images (n, h, w), or vectors as floats, are wanted."
        )
    with np.errstate(over="ignore"):
        rows = array.astype(np.float32)
    _require_finite(rows)
    return torch.from_numpy(rows)


def _parse_numbers(x: Any) -> np.ndarray:
    """x as an array of numbers.

    Raises:
        InputError: It is not one.
    """
    try:
        array = x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)
    except (TypeError, ValueError) as error:
        raise InputError(f"x is no array ({error}); rows of equal length are wanted.") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"x holds {array.dtype} values; numbers are wanted.")
    return array


def _require_finite(array: np.ndarray) -> None:
    """Raises if an entry is NaN or infinite."""
    bad = ~np.isfinite(array)
    if bad.any():
        first = ", ".join(str(int(i)) for i in np.argwhere(bad)[0])
        raise InputError(
            f"x has {int(bad.sum())} NaN or infinite entries, the first at [{first}]; "
            "finite numbers are wanted."
        )


def _convert_to_uint8(array: np.ndarray) -> np.ndarray:
    """Images as uint8: as they are, or floats in [0, 1] rounded to 256 steps."""
    if array.dtype == np.uint8:
        return array
    low, high = array.min(), array.max()
    if array.dtype.kind != "f" or low < 0 or high > 1:
        raise InputError(
            f"x holds images of {array.dtype} from {low:g} to {high:g}; "
            "uint8, or floats from 0 to 1, are wanted."
        )
    return (array * 255).round().astype(np.uint8)


def _move_channels_first(array: np.ndarray) -> np.ndarray:
    """Images (n, h, w), (n, c, h, w) or (n, h, w, c) -> (n, c, h, w)."""
    if array.ndim == 3:
        return array[:, None]
    if array.shape[1] in (1, 3):
        return array
    if array.shape[3] in (1, 3):
        return array.transpose(0, 3, 1, 2)
    raise InputError(f"x has shape {array.shape}; images with 1 or 3 channels are wanted.")


def parse_labels(y: Any, rows: int, names: Sequence[str] | None) -> tuple[tuple[str, ...], Tensor]:
    """y of `own.arrays`: the names of the classes, and their indices (n,), -1 where blank.

    Raises:
        InputError: y has another length than x, holds what is no label, or labels out of range.
    """
    listed = y.detach().cpu().tolist() if isinstance(y, Tensor) else np.asarray(y).tolist()
    flat = isinstance(listed, list) and not any(isinstance(v, list) for v in listed)
    if not flat or len(listed) != rows:
        raise InputError(f"y has shape {np.shape(y)}; one label for each of {rows} rows is wanted.")
    words = [format_label(v) for v in listed]
    if names is None:
        negative = next((w for w in words if w.startswith("-") and w[1:].isdecimal()), None)
        if negative is not None:
            raise InputError(f"Label {negative} is out of range; -1 (blank) or more is wanted.")
        classes = collect_classes(words)
        return classes, map_labels_to_indices(words, classes)
    classes = tuple(str(n) for n in names)
    if len(set(classes)) < len(classes):
        twice = next(c for c in classes if classes.count(c) > 1)
        raise InputError(f"names holds {twice!r} more than once; each class once is wanted.")
    if not any(isinstance(v, str) for v in listed):
        words = _look_up_class_names(words, classes)
    strange = next((w for w in words if w and w not in classes), None)
    if strange is not None:
        raise unknown_name("name of a class", strange, classes)
    return classes, map_labels_to_indices(words, classes)


def _look_up_class_names(words: list[str], classes: tuple[str, ...]) -> list[str]:
    """Names of the classes of indices.

    Raises:
        InputError: An index is out of range.
    """
    wrong = next((w for w in words if w and not 0 <= int(w) < len(classes)), None)
    if wrong is not None:
        raise InputError(
            f"Label {wrong} is out of range; -1 (blank) to {len(classes) - 1} are wanted, "
            f"for {len(classes)} names were given."
        )
    return [classes[int(w)] if w else "" for w in words]


def format_label(value: Any) -> str:
    """A label as a word: "" if it is blank, whole numbers without a point.

    Raises:
        InputError: It is neither a string nor a whole number.
    """
    if value is None or value != value or (value == BLANK and not isinstance(value, str)):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and float(value).is_integer():
        return str(int(value))
    raise InputError(f"Label {value!r} is no class; strings or whole numbers are wanted.")
