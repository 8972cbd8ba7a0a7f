"""Rows and classes as a person gives them to what learns from few labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError


def read_given_rows(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Arrays of rows (n, d) and their classes (n,) int64, -1 where unknown.

    Raises:
        InputError: They are something else, or a class up to the largest has no labelled row.
    """
    try:
        rows, classes = np.asarray(x), np.asarray(y)
        rows = rows if rows.dtype.kind == "f" else rows.astype(np.float64)
        places = classes.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"x or y holds what is no number ({error}); expected numbers, and classes 0, 1 and so "
            "on, with -1 where unknown. SemiSupervisedClassifier takes names and texts."
        ) from error
    if rows.ndim != 2 or classes.shape != rows.shape[:1]:
        raise InputError(
            f"x has the shape {rows.shape} and y {classes.shape}; expected rows (n, d) and a class "
            "for each (n,)."
        )
    known = np.unique(places[places != -1])
    if len(known) < 2 or (known != np.arange(len(known))).any():
        some = ", ".join(f"{label:g}" for label in known[:5].tolist()) or "none"
        raise InputError(
            f"The classes of labelled rows are {some}; expected 0, 1 and so on, two or more, each "
            "of which has a row, and -1 where unknown."
        )
    return rows, places.astype(np.int64)
