"""Scores of edits and of draws, of a model and a judge that can be checked by hand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution

from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.evaluation.edits import (
    AttributeEditQuality,
    LangevinSampleAccuracy,
    find_first_positive,
)
from auxgen.evaluation.judges import AttributePrediction, compute_any_logit
from auxgen.functional.directions import Direction
from auxgen.networks.distributions import StandardNormal, normal

SPACE = Preprocessor(kind="images", shape=(1, 2, 2), flat=True, attributes=("Bright", "Wide"))


class Model:
    """Codes of the four pixels, z = 20 x - 10: exact to a step of 20 / 255."""

    def __init__(self) -> None:
        self.p_z = StandardNormal(4)

    def encode(self, x: Tensor) -> Distribution:
        return normal(20 * x - 10, torch.ones_like(x), 1)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        return normal((z + 10) / 20, torch.ones_like(z), 1)

    def attribute_weights(self) -> Tensor:
        return torch.tensor([[3.0, 0, 0, 0], [0.0, 5, 0, 0]])

    def attributes(self, x: Tensor) -> Bernoulli:
        return Bernoulli(logits=self.encode(x).mean @ self.attribute_weights().T)

    def sample(self, n: int) -> Tensor:
        return self.decode(self.p_z().sample((n,))).mean


@dataclass(frozen=True, eq=False)
class Eye:
    """Says that the first pixel's code is above 1, and the second's above 0; sees the others."""

    attributes: tuple[str, ...] = ("Bright", "Wide")
    protocol: str = "by hand"

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        z = pictures.flatten(1) / 255.0 * 20 - 10
        shift = torch.tensor([1.0, 0.0])
        return AttributePrediction(z[:, :2] - shift, z[:, 2:].sigmoid())

    def features(self, pictures: Tensor, device: str) -> Tensor:
        return pictures.flatten(1) / 255.0 * 20 + 10


def rows(n: int = 40) -> Dataset:
    torch.manual_seed(0)
    x = torch.randint(90, 165, (n, 1, 2, 2), dtype=torch.uint8)
    z = x.flatten(1) / 255 * 20 - 10
    y = torch.stack([(z[:, 0] > 1).float(), (z[:, 1] > 0).float()], 1)
    return Dataset(x, torch.full((n,), -1), (), "dots", "", y, ("Bright", "Wide"))


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


def test_where_nothing_is_told_to_be_without_a_caution_says_so() -> None:
    class Yes(Eye):
        def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
            told = super().__call__(pictures, device)
            return AttributePrediction(told.logits.abs() + 1, told.others)

    found = AttributeEditQuality(rows(), rows(), SPACE, scorer=Yes())(Model())
    assert found["Bright flipped"].caution == "every reconstruction is told to have Bright"


def test_the_first_place_told_else_the_last() -> None:
    place, told = find_first_positive(
        torch.tensor([[-1.0, 1.0, 2.0], [-1.0, -1.0, -1.0], [1.0, -1.0, 1.0]])
    )
    assert place.tolist() == [1, 2, 0]
    assert told.tolist() == [True, False, True]


def test_draws_that_were_asked_for_show_it_more_often_and_kept_ones_most() -> None:
    found = LangevinSampleAccuracy(SPACE, scorer=Eye(), n=400, alpha=0.2, steps=60)(Model())
    prior, drawn, kept = (
        found[f"Wide {of}"].value for of in ("in prior samples", "in draws", "in draws kept")
    )
    assert prior == pytest.approx(50, abs=8)
    assert prior + 20 < drawn <= kept
    assert kept > 95
    assert found["Wide kept"].value == pytest.approx(89, abs=6)
    assert found["Bright in draws"].value < found["Bright in draws kept"].value
    assert 80 < found["Wide acceptance"].value <= 100
    assert found["Wide effective size"].value > 3


def test_any_of_several_has_the_greatest_logit() -> None:
    logits = torch.tensor([[2.0, -3.0], [2.0, 1.0]])
    found = compute_any_logit(logits, ("No_Beard", "Goatee"), ("not No_Beard", "Goatee"))
    assert found.tolist() == [-2, 1]
