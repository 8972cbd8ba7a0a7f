"""What classifiers see in reconstructions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from evaluation.pictures import SPACE, Copier, pictures, quadrants
from torch import Tensor, nn

from auxgen.errors import InputError
from auxgen.evaluation import recognition as recognised
from auxgen.evaluation.recognition import FeatureErrors, RecognitionAccuracy


class Twice(nn.Module):
    """One layer: the pixels, doubled."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"pixels": 2 * x}


def test_feature_errors_are_mean_squares_by_layer() -> None:
    real = pictures(30)
    fade = 0.5
    found = FeatureErrors(real, SPACE, Twice())(Copier(fade))
    (name, score), *rest = found.items()
    assert not rest
    assert name == "feature error at pixels"
    x = real.raw_rows()
    each = (2 * (1 - fade) * x).square().flatten(1).mean(1)
    assert score.value == pytest.approx(each.mean().item(), rel=1e-5)
    assert score.spread == pytest.approx(each.std().item() / 30**0.5, rel=1e-4)
    assert FeatureErrors(real, SPACE, Twice())(Copier(1.0))[name].value < 1e-12


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Any = quadrants()
    monkeypatch.setattr(recognised, "load_extractor", lambda _name: found)


@pytest.mark.usefixtures("known")
def test_classes_are_found_where_they_can_be_seen() -> None:
    real = pictures(40)
    clear = RecognitionAccuracy(real, SPACE, extractor="quadrants")(Copier(1.0))
    dark = RecognitionAccuracy(real, SPACE, extractor="quadrants")(Copier(0.1))
    assert clear["accuracy of reconstructions"].value == 100
    assert dark["accuracy of reconstructions"].value == 50
    assert dark["accuracy of originals"].value == 100
    assert "in the reconstructions of 40 rows" in dark["accuracy of reconstructions"].protocol


@pytest.mark.usefixtures("known")
def test_rows_without_labels_are_refused() -> None:
    bare = pictures(4)
    bare = replace(bare, y=torch.full_like(bare.y, -1))
    with pytest.raises(InputError, match="The test split has no labelled row"):
        RecognitionAccuracy(bare, SPACE, extractor="quadrants")(Copier())


@pytest.mark.usefixtures("known")
def test_the_classifier_can_be_shown_the_middle_alone() -> None:
    framed = pictures(40)
    dark = torch.full_like(framed.x, 0)
    dark[:, :, 1:3, 1:3] = framed.x[:, :, 1:3, 1:3]
    framed = replace(framed, x=dark)
    whole = RecognitionAccuracy(framed, SPACE, extractor="quadrants")(Copier(1.0))
    middle = RecognitionAccuracy(framed, SPACE, extractor="quadrants", cut=2)(Copier(1.0))
    assert whole["accuracy of originals"].value == 50  # all seem dark
    assert middle["accuracy of originals"].value == 100
    assert middle["accuracy of reconstructions"].value == 100
    protocol = middle["accuracy of reconstructions"].protocol
    assert "in the central 2 x 2 pixels of the reconstructions of 40 rows" in protocol


def test_the_middle_is_as_far_from_both_borders() -> None:
    x = torch.arange(36).view(1, 1, 6, 6)
    assert torch.equal(recognised.crop_centre(x, 2), x[:, :, 2:4, 2:4])
