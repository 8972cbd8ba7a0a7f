"""Attributes made of others and of classes, with blanks, and the subsets of IntroVAC."""

from __future__ import annotations

import pytest
import torch

from auxgen.data.attributes import (
    blank_other_rows,
    combine_columns,
    derive_attributes,
    derive_attributes_from_classes,
    select_attribute_subset,
)
from auxgen.data.dataset import Dataset
from auxgen.errors import InputError

NAN = float("nan")


def rows(y: list[list[float]], names: tuple[str, ...], classes: list[int] | None = None) -> Dataset:
    n = len(y)
    labels = torch.tensor(classes) if classes else torch.full((n,), -1)
    x = torch.arange(n, dtype=torch.uint8).reshape(n, 1, 1, 1)
    return Dataset(x, labels, ("cat", "dog", "owl"), "rows", "", torch.tensor(y), names)


def test_any_of_several_is_blank_only_where_it_could_be_either() -> None:
    y = torch.tensor([[1.0, NAN], [0.0, 1.0], [0.0, NAN], [0.0, 0.0], [NAN, NAN], [NAN, 0.0]])
    found = combine_columns(y, ("Beard", "Goatee"), ("Beard", "Goatee"))
    assert found.tolist()[:2] == [1, 1]
    assert found[[2, 4, 5]].isnan().all()
    assert found[3] == 0


def test_facial_hair_is_no_no_beard_or_a_goatee() -> None:
    made = derive_attributes(
        rows([[1, 0, 1], [0, 0, 0], [1, 1, 0], [NAN, 0, 1]], ("No_Beard", "Goatee", "Smiling")),
        {"FacialHair": ("not No_Beard", "Goatee")},
    )
    assert made.attribute_names == ("FacialHair",)
    assert made.attributes is not None
    assert made.attributes[:3, 0].tolist() == [0, 1, 1]
    assert made.attributes[3].isnan().all()


def test_classes_that_are_not_named_are_blank() -> None:
    made = derive_attributes_from_classes(
        rows([[0]] * 4, ("A",), [0, 1, 2, -1]), {"Furry": {"cat": 1, "owl": 0}}
    )
    assert made.attributes is not None
    assert made.attributes[[0, 2], 0].tolist() == [1, 0]
    assert made.attributes[[1, 3], 0].isnan().all()


def test_a_subset_is_all_that_have_any_then_the_first_that_have_none() -> None:
    y = [[0, 0], [1, 0], [0, 0], [NAN, 0], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0]]
    every = rows(y, ("A", "B"))
    assert select_attribute_subset(every, 1.0).x.flatten().tolist() == [1, 4, 0, 2]
    assert select_attribute_subset(every, 2.0).x.flatten().tolist() == [1, 4, 0, 2, 5, 6]
    assert select_attribute_subset(every, 0.0).x.flatten().tolist() == [1, 4]
    assert (
        select_attribute_subset(every, 1.0).fingerprint
        != select_attribute_subset(every, 2.0).fingerprint
    )


def test_of_rows_beyond_the_subset_attributes_are_blank() -> None:
    y = [[0, 0], [1, 0], [0, 0], [NAN, 0], [0, 1], [0, 0]]
    every = rows(y, ("A", "B"))
    kept = blank_other_rows(every, 1.0)
    assert torch.equal(kept.x, every.x)
    answers = kept.require_attributes()
    assert answers[:3].tolist() == y[:3]
    assert answers[4].tolist() == y[4]
    assert answers[[3, 5]].isnan().all()
    assert every.require_attributes()[5].tolist() == [0, 0], "the rows themselves stay"
    assert kept.fingerprint != every.fingerprint


def test_what_is_not_there_is_refused() -> None:
    some = rows([[0.0], [0.0]], ("A",))
    with pytest.raises(InputError, match="no attribute 'Beard'"):
        derive_attributes(some, {"Hair": ("Beard",)})
    with pytest.raises(InputError, match="no class 'cow'"):
        derive_attributes_from_classes(some, {"Furry": {"cow": 1}})
    with pytest.raises(InputError, match="No row of rows has an attribute"):
        select_attribute_subset(some, 1.0)
    with pytest.raises(InputError, match="A ratio of -1 was given"):
        select_attribute_subset(some, -1.0)
    bare = Dataset(some.x, some.y, (), "bare", "")
    with pytest.raises(InputError, match="bare has no attributes"):
        derive_attributes(bare, {"A": ("A",)})
