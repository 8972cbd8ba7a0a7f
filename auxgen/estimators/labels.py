"""Labels of any kind: which rows have none, what the classes are, and one index for each row."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, column_or_1d

from ..data.labels import list_doubtful_labels
from ..errors import InputError
from .parameters import is_whole

NEVER_SEEN = -2
"""The index of a label that is none of the classes."""


class ReadLabels(NamedTuple):
    """Labels of n rows.

    Attributes:
        classes: The different labels, sorted, with the type that they came with (k,).
        places: Index of each row's class (n,) int64, -1 without a label.
    """

    classes: np.ndarray
    places: np.ndarray


def read_labels(y: Any, unlabelled: Any = -1, classes: np.ndarray | None = None) -> ReadLabels:
    """The classes of labels, and where rows have none.

    Args:
        y: Labels (n,): numbers, texts, true and false, in arrays, lists, or pandas.
        unlabelled: The mark of a row without a label. None, NaN, NA, "" and texts of spaces are
            marks as well; with None they are the only ones.
        classes: The classes, where they are known; other labels get the index `NEVER_SEEN`.

    Raises:
        InputError: Labels are of several kinds, or infinite.
        ValueError: Labels are continuous numbers, or are no column.
    """
    y = column_or_1d(_make_array(y), warn=True)
    blank = find_unlabelled(y, unlabelled)
    if classes is None and _are_signs(y, blank, unlabelled):
        warnings.warn(
            "y holds 1 and -1 alone, and both are taken as classes; mark rows without a label "
            "otherwise, by None or by unlabelled=..., if -1 is no class.",
            stacklevel=4,
        )
        blank = find_unlabelled(y, None)
    known = _unify(y[~blank])
    places = np.full(len(y), -1, dtype=np.int64)
    if classes is None:
        if len(known):
            check_classification_targets(known)
        classes, places[~blank] = np.unique(known, return_inverse=True)
        if unlabelled is not None:
            _warn_of_doubtful_labels(classes)
    else:
        index = {label: i for i, label in enumerate(classes.tolist())}
        places[~blank] = [index.get(label, NEVER_SEEN) for label in known.tolist()]
    return ReadLabels(classes, places)


def _warn_of_doubtful_labels(classes: np.ndarray) -> None:
    """Tell of a class such as "nan", which numpy makes of NaN among texts."""
    words = list_doubtful_labels(c for c in classes.tolist() if isinstance(c, str))
    if words:
        warnings.warn(
            f"y holds {words[0]!r}, which is a class here: if it means unknown, say so by "
            f"unlabelled={words[0]!r}; unlabelled=None says that it is a class.",
            stacklevel=5,
        )


def find_unlabelled(y: np.ndarray, unlabelled: Any = -1) -> np.ndarray:
    """Which rows have no label: y (n,) -> (n,) bool; see `read_labels`."""
    return np.fromiter((_is_blank(v, unlabelled) for v in y.tolist()), bool, len(y))


def _are_signs(y: np.ndarray, blank: np.ndarray, mark: Any) -> bool:
    """Whether labels are 1 and -1, the usual names of two classes, where -1 marks no label."""
    if y.dtype.kind not in "if" or mark != -1 or not blank.any():
        return False
    return bool((y[~blank] == 1).any() and np.isin(y, (-1, 1)).all())


def _is_blank(value: Any, mark: Any) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    kind = type(value).__name__
    if kind in ("NAType", "NaTType") or (isinstance(value, float) and value != value):
        return True
    if mark is None or isinstance(value, bool) != isinstance(mark, bool | np.bool_):
        return False
    if isinstance(value, str) and not isinstance(mark, str):
        return _is_number_text(value, mark)
    try:
        return bool(value == mark)
    except (TypeError, ValueError):
        return False


def _is_number_text(text: str, mark: Any) -> bool:
    """Whether a text is how a number is written: "-1" and "-1.0" for -1."""
    try:
        return float(text) == float(mark)
    except (TypeError, ValueError):
        return False


def _make_array(y: Any) -> np.ndarray:
    """Labels as an array, of objects where numpy has no type that keeps them as they are."""
    if y is None:
        raise InputError("fit requires y to be passed, but the target y is None; expected labels.")
    if isinstance(y, list | tuple):
        array = np.asarray(y, dtype=object)
        return array if array.ndim > 1 or len({type(v) for v in y}) > 1 else np.asarray(y)
    dtype = getattr(y, "dtype", None)
    return np.asarray(y, dtype=None if isinstance(dtype, np.dtype) else object)


def _unify(known: np.ndarray) -> np.ndarray:
    """Labels with the narrowest type that holds them: (m,)."""
    if known.dtype != object:
        if known.dtype.kind == "f":
            assert_all_finite(known, input_name="y")
        return known
    kinds = {type(v) for v in known.tolist()}
    if all(issubclass(kind, str) for kind in kinds):
        return known
    if kinds <= {bool, np.bool_}:
        return known.astype(bool)
    if all(is_whole(v) for v in known.tolist()):
        return known.astype(np.int64)
    if all(issubclass(k, float | int | np.number) for k in kinds) and bool not in kinds:
        return _unify(known.astype(np.float64))
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise InputError(f"y holds labels of several kinds ({names}); expected texts or numbers alone.")


def read_known_places(y: Any, unlabelled: Any, classes: np.ndarray, what: str) -> np.ndarray:
    """Indices of classes (n,), -1 without a label, of labels that must be known ones.

    Raises:
        InputError: A label is none of the classes.
    """
    places = read_labels(y, unlabelled, classes).places
    if (places < -1).any():
        label = np.asarray(y, dtype=object)[int(np.argmax(places < -1))]
        known = ", ".join(map(repr, classes.tolist()))
        raise InputError(f"Label {label!r} is none that {what} saw; expected those of {known}.")
    return places


def require_classes(labels: np.ndarray) -> None:
    """Raises InputError unless there are two classes or more."""
    if len(labels) == 0:
        raise InputError("No row is labelled; expected labels of two classes or more.")
    if len(labels) == 1:
        raise InputError(
            f"Only one class, {labels.tolist()[0]!r}, is labelled; expected two or more. -1 is no "
            "label unless unlabelled says otherwise: unlabelled=None makes it a class."
        )


def require_every_class(places: np.ndarray, classes: np.ndarray) -> None:
    """Raises InputError unless each of the classes has a labelled row: places (n,), -1 without."""
    missing = np.delete(classes, np.unique(places[places >= 0])).tolist()
    if missing:
        raise InputError(
            f"No row so far has the label {missing[0]!r}; a committee expects one of every class, "
            "from the first call on. Give it such a row, or take a model of 'm2', 'sdgm' or 'adgm'."
        )
