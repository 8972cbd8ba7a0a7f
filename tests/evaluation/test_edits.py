"""Scores of edits, of a model and a classifier that can be checked by hand."""

from __future__ import annotations

import pytest
import torch
from evaluation.dots import SPACE, Eye, Model, rows
from torch import Tensor

from auxgen.evaluation.attribute_scorers import AttributePrediction
from auxgen.evaluation.edits import AttributeEditQuality, find_first_positive
from auxgen.functional.directions import Direction


def test_edits_go_as_far_as_the_judge_needs_and_change_nothing_else() -> None:
    found = AttributeEditQuality(rows(), rows(), SPACE, scorer=Eye())(Model())
    test = rows()
    z = test.x[(test.x.flatten(1)[:, 0] / 255 * 20 - 10) <= 1].flatten(1)[:, 0] / 255 * 20 - 10
    far = ((1 - z) / 0.5).ceil() * 0.5
    assert found["Bright flipped"].value == 100
    assert found["Bright flipped"].n == len(z)
    assert found["Bright distance"].value == pytest.approx(far.median().item(), abs=0.5)
    assert found["Bright rising"].value == 100
    assert found["Bright others changed"].value == pytest.approx(0, abs=1e-6)
    assert found["Bright asked changed"].value == pytest.approx(0, abs=1e-6)
    assert 0 < found["Bright likeness lost"].value < 0.1
    assert found["Bright told of originals"].value == 100
    assert found["Bright told of reconstructions"].value == 100
    at = z + far
    assert found["Bright rise"].value == pytest.approx((at - z).mean().item(), abs=0.1)
    curve = found["Bright flipped"].detail
    assert curve["deltas"][-1] == 6
    assert curve["share_told"][0] == 0
    assert curve["share_told"][-1] == 1


def test_a_plain_model_is_moved_along_probes() -> None:
    class Plain:
        encode, decode = Model.encode, Model.decode

    found = AttributeEditQuality(rows(300), rows(), SPACE, scorer=Eye())(Plain())
    assert "a linear probe" in found["Wide flipped"].protocol
    assert found["Wide flipped"].value == 100
    assert found["Wide others changed"].value < 5


def test_a_model_is_moved_along_other_ways_where_they_are_given() -> None:
    def ways(method: object) -> dict[str, Direction]:
        return {"Bright": Direction("Bright, turned", torch.tensor([0.6, 0.8, 0.0, 0.0]), 1.0)}

    plain, found = (
        AttributeEditQuality(rows(), rows(), SPACE, scorer=Eye(), direction_finder=w)(Model())
        for w in (None, ways)
    )
    assert not any(name.startswith("Wide") for name in found)
    far, near = found["Bright, turned distance"].value, plain["Bright distance"].value
    assert far == pytest.approx(near / 0.6, abs=1)
    assert "along the classifier, turned; by hand" in found["Bright, turned flipped"].protocol


def test_a_caution_warns_where_every_reconstruction_has_the_attribute() -> None:
    class Yes(Eye):
        def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
            prediction = super().__call__(pictures, device)
            return AttributePrediction(prediction.logits.abs() + 1, prediction.others)

    found = AttributeEditQuality(rows(), rows(), SPACE, scorer=Yes())(Model())
    assert found["Bright flipped"].caution == "every reconstruction is told to have Bright"


def test_the_first_place_above_0_else_the_last() -> None:
    place, reached = find_first_positive(
        torch.tensor([[-1.0, 1.0, 2.0], [-1.0, -1.0, -1.0], [1.0, -1.0, 1.0]])
    )
    assert place.tolist() == [1, 2, 0]
    assert reached.tolist() == [True, False, True]
