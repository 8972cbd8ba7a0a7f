"""Parameters and fitted values of estimators as JSON, with their types where JSON has none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError

_MOST_BYTES = 10**9
"""Of an array, whose type a file may claim to be of any width."""


def pack_value(value: Any, name: str) -> Any:
    """A value as JSON, with its type where JSON has none of the kind."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.ndarray():
            each = [pack_value(v, name) for v in value.tolist()]
            return {"array": each, "dtype": "object" if value.dtype == object else value.dtype.str}
        case np.generic():
            return {"scalar": value.item(), "dtype": value.dtype.str}
        case tuple() | list():
            return {"list": [pack_value(v, name) for v in value], "tuple": isinstance(value, tuple)}
        case dict():
            return {"pairs": [[pack_value(k, name), pack_value(v, name)] for k, v in value.items()]}
        case _:
            raise InputError(f"{name} is {value!r}, which JSON cannot hold; expected plain values.")


def unpack_value(value: Any) -> Any:
    """The value that `pack_value` wrote.

    Raises:
        TypeError, ValueError, OverflowError, RecursionError: It wrote no such thing.
    """
    match value:
        case {"array": list(each), "dtype": str(name)}:
            return np.array([unpack_value(v) for v in each], dtype=_read_dtype(name, len(each)))
        case {"scalar": one, "dtype": str(name)}:
            return _read_dtype(name, 1).type(one)
        case {"list": list(each), "tuple": bool(is_tuple)}:
            return (tuple if is_tuple else list)(unpack_value(v) for v in each)
        case {"pairs": list(pairs)}:
            return {unpack_value(k): unpack_value(v) for k, v in pairs}
        case list() | dict():
            raise ValueError(f"{str(value)[:50]!r} is no value with a type")
        case _:
            return value


def _read_dtype(name: str, entries: int) -> np.dtype[Any]:
    """The type of an array's entries, if `pack_value` writes such ones."""
    dtype = np.dtype(name)
    if dtype.kind not in "biufUO" or dtype.itemsize * entries > _MOST_BYTES:
        raise ValueError(f"{name!r} is no type of labels")
    return dtype


def pack_dtype(dtype: Any) -> Any:
    from pandas import CategoricalDtype

    if isinstance(dtype, CategoricalDtype):
        categories = [pack_value(c, "categories") for c in dtype.categories.tolist()]
        return {"categories": categories, "ordered": bool(dtype.ordered)}
    return str(dtype)


def unpack_dtype(known: Any) -> Any:
    from pandas import CategoricalDtype
    from pandas.api.types import pandas_dtype

    if isinstance(known, dict):
        categories = [unpack_value(c) for c in known["categories"]]
        return CategoricalDtype(categories, ordered=known["ordered"])
    return pandas_dtype(known)
