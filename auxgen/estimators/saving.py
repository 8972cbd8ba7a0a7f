"""Estimators as JSON: what an artefact holds beside its model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import files
from ..errors import InputError
from .pictures import take_off_pictures
from .rows import RowFormat

if TYPE_CHECKING:
    from ..model import Model

_FORMAT = 1
_FITTED = (
    "n_iter_",
    "loss_curve_",
    "seed_",
    "n_features_in_",
    "feature_names_in_",
    "classes_",
    "temperature_",
    "offset_",
    "likelihoods_",
)
Estimator = TypeVar("Estimator")


def pack_estimator(estimator: Any) -> bytes:
    """The content of estimator.json: parameters, and what `fit` found but the model.

    Raises:
        InputError: A parameter cannot be written as JSON.
    """
    parameters = {**estimator.get_params(deep=False), "random_state": estimator.seed_}
    fitted = {name: getattr(estimator, name) for name in _FITTED if hasattr(estimator, name)}
    form = estimator._format
    known = {
        "class": type(estimator).__name__,
        "format": _FORMAT,
        "parameters": {name: _pack(value, name) for name, value in parameters.items()},
        "fitted": {name: _pack(value, name) for name, value in fitted.items()},
        "columns": [_pack(name, "columns") for name in form.names],
        "dtypes": [_pack_dtype(dtype) for dtype in form.dtypes],
    }
    return files.encode_json(known)


def read_estimator(folder: Path, name: str) -> dict[str, Any]:
    """The content of a folder's estimator.json.

    Raises:
        InputError: There is none, or it is of another class or format.
    """
    known = files.read_json(folder / "estimator.json", "estimator's artefact")
    if known.get("class") != name or known.get("format") != _FORMAT:
        raise InputError(
            f"{folder} holds {known.get('class')!r} of format {known.get('format')!r}; expected "
            f"{name!r} of format {_FORMAT}."
        )
    return known


def restore_estimator(kind: type[Estimator], known: dict[str, Any], model: Model) -> Estimator:
    """An estimator of a class with its model, from the content of estimator.json."""
    estimator: Any = kind(**{name: _unpack(value) for name, value in known["parameters"].items()})
    for name, value in known["fitted"].items():
        setattr(estimator, name, _unpack(value))
    names = tuple(_unpack(name) for name in known["columns"])
    dtypes = tuple(map(_unpack_dtype, known["dtypes"]))
    network = known["parameters"].get("features")
    if network is not None:
        estimator._pictures, model = take_off_pictures(model, network)
    table = model.space.table if names else None
    estimator.model_ = model
    estimator._format = RowFormat(table, names, dtypes, of_pictures=network is not None)
    estimator._progress = None
    return estimator


def _pack(value: Any, name: str) -> Any:
    """A value as JSON, with its type where JSON has none of the kind."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.ndarray():
            each = [_pack(v, name) for v in value.tolist()]
            return {"array": each, "dtype": "object" if value.dtype == object else value.dtype.str}
        case np.generic():
            return {"scalar": value.item(), "dtype": value.dtype.str}
        case tuple() | list():
            return {"list": [_pack(v, name) for v in value], "tuple": isinstance(value, tuple)}
        case dict():
            return {"pairs": [[_pack(k, name), _pack(v, name)] for k, v in value.items()]}
        case _:
            raise InputError(f"{name} is {value!r}, which JSON cannot hold; expected plain values.")


def _unpack(value: Any) -> Any:
    """The value that `_pack` wrote."""
    match value:
        case {"array": each, "dtype": dtype}:
            return np.array([_unpack(v) for v in each], dtype=dtype)
        case {"scalar": one, "dtype": dtype}:
            return np.dtype(dtype).type(one)
        case {"list": each, "tuple": is_tuple}:
            return (tuple if is_tuple else list)(_unpack(v) for v in each)
        case {"pairs": pairs}:
            return {_unpack(k): _unpack(v) for k, v in pairs}
        case _:
            return value


def _pack_dtype(dtype: Any) -> Any:
    from pandas import CategoricalDtype

    if isinstance(dtype, CategoricalDtype):
        categories = [_pack(c, "categories") for c in dtype.categories.tolist()]
        return {"categories": categories, "ordered": bool(dtype.ordered)}
    return str(dtype)


def _unpack_dtype(known: Any) -> Any:
    from pandas import CategoricalDtype
    from pandas.api.types import pandas_dtype

    if isinstance(known, dict):
        categories = [_unpack(c) for c in known["categories"]]
        return CategoricalDtype(categories, ordered=known["ordered"])
    return pandas_dtype(known)
