"""Estimators as JSON: what an artefact holds beside its model."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, prod
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from sklearn.base import is_classifier

from .. import files
from ..errors import InputError
from ..model import Model, load
from .json_values import pack_dtype, pack_value, unpack_dtype, unpack_value
from .parameters import Number, Rule, Several, Whole, check_parameters
from .pictures import take_off_pictures
from .rows import RowFormat

_FORMAT = 1
_FITTED: Mapping[str, Rule] = MappingProxyType(
    {
        "n_iter_": Whole(0),
        "loss_curve_": Several(Real),
        "seed_": Whole(0),
        "n_features_in_": Whole(1),
        "feature_names_in_": Several(str),
        "classes_": Several(object),
        "temperature_": Number(0, above=True),
        "offset_": Number(-inf),
        "likelihoods_": Several(object),
    }
)
"""What `fit` finds but the model, and what it may be."""
_NO_VALUE = (TypeError, ValueError, KeyError, AttributeError, OverflowError, RecursionError)
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
        "parameters": {name: pack_value(value, name) for name, value in parameters.items()},
        "fitted": {name: pack_value(value, name) for name, value in fitted.items()},
        "columns": [pack_value(name, "columns") for name in form.names],
        "dtypes": [pack_dtype(dtype) for dtype in form.dtypes],
    }
    return files.encode_json(known)


def read_estimator(kind: type[Estimator], folder: Path) -> Estimator:
    """The estimator of a class that an artefact's folder holds.

    Raises:
        InputError: It holds none, or one of another class or format, or is damaged.
    """
    file = folder / "estimator.json"
    known = files.read_json(file, "estimator's artefact")
    if known.get("class") != kind.__name__ or known.get("format") != _FORMAT:
        raise InputError(
            f"{folder} holds {known.get('class')!r} of format {known.get('format')!r}; expected "
            f"{kind.__name__!r} of format {_FORMAT}."
        )
    try:
        return _restore_estimator(kind, known, load(folder))
    except _NO_VALUE as error:
        raise InputError(
            f"{file} does not describe an estimator as `save` wrote it: {error}."
        ) from error


def _restore_estimator(kind: type[Estimator], known: dict[str, Any], model: Model) -> Estimator:
    parameters = {name: unpack_value(value) for name, value in known["parameters"].items()}
    estimator: Any = kind(**parameters)
    rules = {name: rule for name, rule in estimator._rules.items() if name != "device"}
    check_parameters(estimator, rules)  # this machine may lack the device
    for name, value in known["fitted"].items():
        found = unpack_value(value)
        _FITTED[name](name, found)
        setattr(estimator, name, found)
    names = tuple(unpack_value(name) for name in known["columns"])
    dtypes = tuple(map(unpack_dtype, known["dtypes"]))
    network = parameters.get("features")
    if network is not None:
        estimator._pictures, model = take_off_pictures(model, network)
    _check_agreement(estimator, model, names, dtypes)
    table = model.space.table if names else None
    estimator.model_ = model
    estimator._format = RowFormat(table, names, dtypes, of_pictures=network is not None)
    estimator._progress = None
    return estimator


def _check_agreement(
    estimator: Any, model: Model, names: tuple[Any, ...], dtypes: tuple[Any, ...]
) -> None:
    """Raise a ValueError where something is missing, or not that of the model."""
    needed = {"n_iter_", "loss_curve_", "seed_", "n_features_in_"}
    if is_classifier(estimator):
        needed |= {"classes_", "temperature_"}
    elif hasattr(estimator, "decision_function"):
        needed |= {"offset_"}
    if missing := sorted(name for name in needed if not hasattr(estimator, name)):
        raise ValueError(f"it has no {missing[0]}")
    if len(dtypes) != len(names):
        raise ValueError(f"{len(names)} columns have {len(dtypes)} types")
    if names and model.space.table is None:
        raise ValueError("it names columns, and its model knows no table")
    if estimator._pictures is None:
        width = len(names) or prod(model.space.shape)
        if estimator.n_features_in_ != width:
            raise ValueError(f"n_features_in_ is {estimator.n_features_in_} for {width} columns")
    classes = len(set(getattr(estimator, "classes_", ())))
    if classes != len(model.space.classes):
        raise ValueError(f"classes_ are {classes} for a model of {len(model.space.classes)}")
