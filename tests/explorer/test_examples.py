"""Rows to look at: held-out ones first, each with a name and its label."""

from __future__ import annotations

from dataclasses import replace

import torch
from explorer.conftest import make_pictures

from auxgen.data.inputs import InputRows
from auxgen.explorer import examples
from auxgen.model import Model


def test_held_out_rows_come_first_and_learned_ones_fill_up(classifier_of_pictures: Model) -> None:
    data = {"train": make_pictures(500, name="pets/train", seed=1), "test": make_pictures(12)}
    found = examples.choose_examples(data, classifier_of_pictures.space)
    assert len(found) == len(found.x) == len(found.labels) == examples.ENOUGH_EXAMPLES
    assert {name.split()[0] for name in found.names[:12]} == {"test"}
    assert {name.split()[0] for name in found.names[12:]} == {"train"}
    assert found.origin == "12 pictures of pets that it did not learn from and 88 that it did"
    for x, name, label in zip(found.x, found.names, found.labels, strict=True):
        split, _, number = name.split()
        i = int(number) - 1
        torch.testing.assert_close(x, data[split].x[i] / 255.0)
        assert label == ("", "cat", "dog")[i % 3]


def test_many_held_out_rows_are_enough(classifier_of_pictures: Model) -> None:
    data = {"train": make_pictures(50), "test": make_pictures(2000)}
    found = examples.choose_examples(data, classifier_of_pictures.space)
    assert len(found) == examples.MOST_EXAMPLES
    assert len(set(found.names)) == len(found)
    assert found.origin.endswith("that it did not learn from")


def test_rows_of_another_shape_or_none_are_no_examples(describer: Model) -> None:
    large = replace(make_pictures(5), x=torch.zeros(5, 1, 9, 9, dtype=torch.uint8))
    for data in ({}, {"test": large}, {"test": make_pictures(0)}):
        found = examples.choose_examples(data, describer.space)
        assert len(found) == len(found.x) == 0


def test_attributes_that_a_row_has_are_its_label(describer: Model) -> None:
    answers = torch.tensor([[1.0, 1.0], [0.0, 1.0], [torch.nan, 0.0]])
    rows = replace(
        make_pictures(3), classes=(), attributes=answers, attribute_names=("Smiling", "Hat")
    )
    found = examples.choose_examples({"train": rows}, describer.space)
    known = {"train picture 1": "Smiling, Hat", "train picture 2": "Hat", "train picture 3": ""}
    assert dict(zip(found.names, found.labels, strict=True)) == known


def test_a_person_s_own_rows_keep_their_names() -> None:
    rows = InputRows(torch.rand(400, 6), tuple(f"a.csv:{i}" for i in range(400)))
    found = examples.convert_to_examples(rows)
    assert len(found) == len(found.x) == examples.MOST_EXAMPLES
    assert found.names[:2] == ("a.csv:0", "a.csv:1")


def test_the_most_different_row_is_found() -> None:
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, -3.0], [9.0, 9.0]])
    assert examples.find_most_different(x, 3) == 2
    assert examples.find_most_different(x[:0], 3) == 0
