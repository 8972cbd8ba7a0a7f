"""Labels of any kind, and which rows have none."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from auxgen.errors import InputError
from auxgen.estimators.folds import LabelledKFold
from auxgen.estimators.labels import NEVER_SEEN, read_labels

MARKS = [None, np.nan, pd.NA, pd.NaT, "", " ", -1, -1.0, "-1", "-1.0", np.int8(-1), np.float32(-1)]


@pytest.mark.parametrize("mark", MARKS, ids=repr)
@pytest.mark.parametrize("known", [["cat", "dog"], [True, False], [3, 5], [0.0, 2.0]], ids=str)
def test_every_mark_beside_every_kind_of_label(mark, known) -> None:
    y = np.array([known[0], mark, known[1], mark, known[0]], dtype=object)
    found = read_labels(y)
    assert found.classes.tolist() == sorted(known)
    assert (found.places == -1).tolist() == [False, True, False, True, False]
    assert [found.classes[i] for i in found.places[[0, 2, 4]]] == [known[0], known[1], known[0]]


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (np.array(["a", "b", ""]), "<U1"),
        (np.array([True, False, True]), "bool"),
        (np.array([1, 2, -1], dtype=np.int16), "int16"),
        (np.array([1.0, 2.0, np.nan], dtype=np.float32), "float32"),
        (pd.Series(["a", None, "b"], dtype="string"), "O"),
        (pd.Series(["a", None, "b"]).astype("category"), "O"),
        (pd.Series([1, None, 2], dtype="Int64"), "int64"),
        (pd.Series([True, None, False], dtype="boolean"), "bool"),
        (["a", None, "b"], "O"),
        ([1, None, 2], "int64"),
        ([True, None, False], "bool"),
    ],
    ids=str,
)
def test_classes_keep_the_type_that_came(y, dtype) -> None:
    assert read_labels(y).classes.dtype == np.dtype(dtype)


def test_another_mark_makes_minus_one_a_class() -> None:
    assert read_labels([-1, 1, 7], unlabelled=7).classes.tolist() == [-1, 1]
    assert read_labels([-1, 1, 2], unlabelled=None).classes.tolist() == [-1, 1, 2]
    assert read_labels(["?", "a", "b"], unlabelled="?").classes.tolist() == ["a", "b"]


def test_a_mark_of_another_kind_marks_nothing() -> None:
    assert read_labels([True, False], unlabelled=1).classes.tolist() == [False, True]
    assert read_labels([0, 1], unlabelled=True).classes.tolist() == [0, 1]


def test_one_and_minus_one_are_classes_and_it_is_told() -> None:
    with pytest.warns(UserWarning, match="both are taken as classes"):
        assert read_labels([-1, 1, -1, 1]).classes.tolist() == [-1, 1]


@pytest.mark.parametrize("word", ["nan", "NA", "?", "unknown"])
def test_a_class_that_may_mean_unknown_is_told(word: str) -> None:
    """np.array(["a", np.nan]) holds the text "nan"."""
    y = ["a", "b", word]
    with pytest.warns(UserWarning, match=rf"y holds '{re.escape(word)}', which is a class here"):
        assert read_labels(y).classes.tolist() == sorted(y)
    assert read_labels(y, unlabelled=word).classes.tolist() == ["a", "b"]
    assert read_labels(y, unlabelled=None).classes.tolist() == sorted(y)


def test_labels_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="Unknown label type"):
        read_labels([0.5, 1.7, 2.2])
    with pytest.raises(InputError, match="several kinds"):
        read_labels(["a", 3, "b"])
    with pytest.raises(ValueError, match="infinity"):
        read_labels([1.0, np.inf])
    with pytest.raises(ValueError, match="1d array"):
        read_labels([[1, 2], [3, 4]])


def test_labels_that_are_none_of_the_classes_are_found() -> None:
    places = read_labels(["a", "c", None], classes=np.array(["a", "b"])).places
    assert places.tolist() == [0, NEVER_SEEN, -1]


def test_folds_hold_out_labelled_rows_alone() -> None:
    y = np.array(["a", "b"] * 6 + [""] * 8)
    splits = list(LabelledKFold(3).split(np.zeros((20, 1)), y))
    assert len(splits) == LabelledKFold(3).get_n_splits() == 3
    out = np.concatenate([held for _, held in splits])
    assert sorted(out) == list(range(12))
    for kept, held in splits:
        assert set(kept) == set(range(20)) - set(held)
        assert set(y[held]) == {"a", "b"}
