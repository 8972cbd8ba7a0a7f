"""Rows in memory, from numpy, torch or lists, as a data set."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .dataset import Dataset, add_fingerprint
from .labels import check_labels, parse_labels


def load_arrays(x: Any, y: Any = None, names: Sequence[str] | None = None) -> Dataset:
    """Rows in memory, from numpy, torch or lists.

    Args:
        x: Images uint8, or floats in [0, 1] (stored in 256 steps), as (n, h, w), (n, h, w, c) or
            (n, c, h, w) with c 1 or 3; or vectors (n, d), kept as float32 or float64.
        y: A label for each row, whole numbers or strings; -1, None, NaN and "" are blank. None: no
            labels.
        names: Names of the classes, which y then means by index or by name. Without them the
            classes are the different labels, in order.

    Raises:
        InputError: x is empty, or has another shape, values out of range, NaN or infinity; y has
            another length or unknown labels, or cannot be used (see `check_labels`).
    """
    x = _parse_rows(x)
    if y is None:
        blank = torch.full((len(x),), -1)
        return add_fingerprint(Dataset(x, blank, tuple(names or ()), "arrays", ""))
    classes, y = parse_labels(y, len(x), names)
    examples = Dataset(x, y, classes, "arrays", "")
    check_labels(examples)
    return add_fingerprint(examples)


def _parse_rows(x: Any) -> Tensor:
    """x of `load_arrays`: uint8 images (n, c, h, w), or vectors (n, d) of floats."""
    array = _parse_numbers(x)
    if array.size == 0:
        raise InputError(f"x of shape {array.shape} is empty; one row or more is expected.")
    if array.dtype.kind == "f":
        _require_finite(array)
    if array.ndim in (3, 4):
        pixels = _move_channels_first(_convert_to_uint8(array))
        return torch.from_numpy(np.ascontiguousarray(pixels))
    if array.ndim != 2:
        raise InputError(f"x has shape {array.shape}; images or vectors (n, d) are expected.")
    if array.dtype == np.uint8:
        raise InputError(
            f"x is uint8 of shape {array.shape}; "
            "images (n, h, w), or vectors as floats, are expected."
        )
    rows = array if array.dtype == np.float32 else array.astype(np.float64)
    return torch.from_numpy(np.ascontiguousarray(rows))


def _parse_numbers(x: Any) -> np.ndarray:
    """x as an array of numbers."""
    try:
        array = x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)
    except (TypeError, ValueError) as error:
        raise InputError(f"x is no array ({error}); rows of equal length are expected.") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"x holds {array.dtype} values; numbers are expected.")
    return array


def _require_finite(array: np.ndarray) -> None:
    """Raises if an entry is NaN or infinite."""
    bad = ~np.isfinite(array)
    if bad.any():
        first = ", ".join(str(int(i)) for i in np.argwhere(bad)[0])
        raise InputError(
            f"x has {int(bad.sum())} NaN or infinite entries, the first at [{first}]; "
            "finite numbers are expected."
        )


def _convert_to_uint8(array: np.ndarray) -> np.ndarray:
    """Images as uint8: as they are, or floats in [0, 1] rounded to 256 steps."""
    if array.dtype == np.uint8:
        return array
    low, high = array.min(), array.max()
    if array.dtype.kind != "f" or low < 0 or high > 1:
        raise InputError(
            f"x holds images of {array.dtype} from {low:g} to {high:g}; "
            "uint8, or floats from 0 to 1, are expected."
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
    raise InputError(f"x has shape {array.shape}; images with 1 or 3 channels are expected.")
