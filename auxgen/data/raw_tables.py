"""A table's cells as they come, from values of any type or a DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .cells import RawTable, format_number, name_by_place
from .dates import format_moment

_NO_CELLS = (list, tuple, dict, set, complex, bytes, np.ndarray)

if TYPE_CHECKING:
    from pandas import DataFrame


def make_raw_table(
    source: str, header: Sequence[Any], cells: Sequence[np.ndarray], notes: Iterable[str]
) -> RawTable:
    """A table whose names are stripped, and whose columns without a name are called by place."""
    words = ["" if name is None else str(name).strip() for name in header]
    names = tuple(word or name_by_place(i) for i, word in enumerate(words))
    return RawTable(source, names, tuple(cells), tuple(notes))


def convert_frame(frame: DataFrame, source: str = "rows") -> RawTable:
    """The cells of a DataFrame."""
    cells = []
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        if column.dtype.kind == "m":
            cells.append(column.dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan))
            continue
        native = isinstance(column.dtype, np.dtype) and column.dtype.kind in "if"
        kind = np.float64 if column.dtype.kind == "f" else np.int64
        values = column.astype(object).where(column.notna(), None).tolist()
        _check_kinds(values, f"Column {str(frame.columns[i])!r} of {source}")
        cells.append(column.to_numpy(dtype=kind) if native else convert_values(values))
    return make_raw_table(source, list(frame.columns), cells, [])


def _check_kinds(values: Sequence[Any], where: str) -> None:
    """Raises InputError if a cell is a collection or a complex number."""
    odd = next((kind for kind in map(type, values) if issubclass(kind, _NO_CELLS)), None)
    if odd is not None:
        raise InputError(
            f"{where} holds {odd.__name__}; numbers or texts are expected: leave it out."
        )


def convert_values(values: Sequence[Any]) -> np.ndarray:
    """Cells of any type: numbers alone as float64, all others as texts, "" where blank."""
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {float}:
        numbers = [float("nan") if v is None else v for v in values]
        return np.array(numbers, dtype=np.float64)
    return np.array([_format_value(value) for value in values], dtype=object)


def _format_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return format_moment(value)
    if isinstance(value, float):
        return format_number(value)
    return str(value).strip()
