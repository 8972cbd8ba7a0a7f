"""What the labels of a class count, and how probable it is before a row is seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import compute_class_weight

from ..errors import InputError
from .weights import WeightedRows


def weigh_classes(class_weight: Any, classes: np.ndarray, rows: WeightedRows) -> np.ndarray:
    """What the label of a row of each class counts: (k,).

    Args:
        class_weight: None for 1, "balanced" for the inverse of how often a class occurs, or a
            mapping of labels, of which those that are left out count 1.
        classes: The classes (k,).
        rows: Rows with their classes and weights.

    Raises:
        InputError: A label is none of the classes, or a weight is not above 0.
    """
    if class_weight is None:
        return np.ones(len(classes))
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise InputError(
                f"class_weight is {class_weight!r}; expected 'balanced', a dictionary or None."
            )
        own = rows.labelled
        each = compute_class_weight(
            "balanced",
            classes=np.arange(len(classes)),
            y=rows.places[own],
            sample_weight=rows.weights[own],
        )
    else:
        each = np.ones(len(classes))
        places = _find_places(class_weight, classes, "class_weight")
        each[places] = _check_positive(list(class_weight.values()), "class_weight")
    return each


def average_class_weight(each: np.ndarray, rows: WeightedRows) -> float:
    """The mean of what labels count, by the weights of classes (k,)."""
    own = rows.labelled
    return float(np.average(each[rows.places[own]], weights=rows.weights[own]))


def find_prior(class_prior: Any, classes: np.ndarray, rows: WeightedRows) -> list[float] | None:
    """p(y) of each class, None for the same for all: (k,).

    Args:
        class_prior: None, "labelled" for the shares of the labels, a mapping of all labels, or a
            number for each class.
        classes: The classes (k,).
        rows: Rows with their classes and weights.

    Raises:
        InputError: It is something else, or a number is not above 0.
    """
    if class_prior is None:
        return None
    if isinstance(class_prior, str):
        if class_prior != "labelled":
            raise InputError(
                f"class_prior is {class_prior!r}; expected 'labelled', numbers or None."
            )
        own = rows.labelled
        each = np.bincount(rows.places[own], rows.weights[own], len(classes))
    elif isinstance(class_prior, Mapping):
        each = np.zeros(len(classes))
        places = _find_places(class_prior, classes, "class_prior")
        each[places] = _check_positive(list(class_prior.values()), "class_prior")
    else:
        each = _check_positive(class_prior, "class_prior")
    if len(each) != len(classes) or not (each > 0).all():
        raise InputError(
            f"class_prior has {np.count_nonzero(each)} numbers above 0; expected "
            f"{len(classes)}, one for each class."
        )
    return (each / each.sum()).tolist()


def _find_places(given: Any, classes: np.ndarray, name: str) -> np.ndarray:
    """Indices of the labels that a mapping names.

    Raises:
        InputError: It is no mapping, or names a label that is none of the classes.
    """
    if not isinstance(given, Mapping):
        raise InputError(f"{name} is {given!r}; expected a dictionary of labels.")
    labels = list(given)
    index = {label: i for i, label in enumerate(classes.tolist())}
    for label in labels:
        if label not in index:
            known = ", ".join(map(repr, classes.tolist()))
            raise InputError(f"{name} names {label!r}; expected the labels {known}.")
    return np.array([index[label] for label in labels], dtype=np.int64)


def _check_positive(values: Any, name: str) -> np.ndarray:
    """Numbers above 0 as float64 (k,).

    Raises:
        InputError: One is something else.
    """
    try:
        each = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        each = np.zeros(1)
    if each.ndim != 1 or not (np.isfinite(each) & (each > 0)).all():
        raise InputError(f"{name} is {values!r}; expected numbers above 0.")
    return each


def weigh_labels(
    class_weight: Any, class_prior: Any, classes: np.ndarray, rows: WeightedRows
) -> np.ndarray:
    """What labels count for classifiers without p(y): class weights, and p(y) over shares (k,)."""
    each = weigh_classes(class_weight, classes, rows)
    prior = find_prior(class_prior, classes, rows)
    if prior is None:
        return each
    own = rows.labelled
    counts = np.bincount(rows.places[own], rows.weights[own], len(classes))
    return each * np.array(prior) * counts.sum() / counts
