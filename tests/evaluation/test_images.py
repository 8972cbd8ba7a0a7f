"""Scores of samples and reconstructions: values, names and details."""

from __future__ import annotations

import pytest
import torch
from evaluation.pictures import SPACE, Copier, pictures, quadrants

from auxgen.errors import InputError
from auxgen.evaluation import images as pictured
from auxgen.features.extractors import extract_features, quantise_pictures
from auxgen.metrics import frechet as distances
from auxgen.rng import get_device, use_seed


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path))
    monkeypatch.setattr(pictured, "load_extractor", quadrants)


def test_samples_are_compared_by_the_frechet_distance_of_their_features():
    real = pictures(60)
    evaluation = pictured.SampleQuality(
        real, SPACE, extractor="quadrants", measures=("FD",), n=80, seed=3
    )
    score = evaluation(Copier())["FD(quadrants)"]
    with use_seed(3, get_device(None)):
        fake = quantise_pictures(SPACE.inverse_transform(Copier().sample(80)))
    features = (extract_features(quadrants(), x).features for x in (real.x, fake))
    assert score.value == distances.frechet_distance(*map(distances.fit_gaussian, features)).item()
    assert score.n == 80
    assert "80 samples beside the 60 rows of the test split, seed 3" in score.protocol
    assert "means of quadrants" in score.protocol
    assert score.caution == ""


def test_only_the_canonical_inception_gives_an_fid(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictured, "load_extractor", lambda name: quadrants("inception"))
    evaluation = pictured.SampleQuality(
        pictures(20), SPACE, extractor="inception", measures=("FD", "KD", "CS", "recall")
    )
    assert list(evaluation(Copier())) == ["FID", "KID", "IS", "recall(inception)"]


def test_too_few_pictures_for_a_covariance_get_a_caution():
    evaluation = pictured.SampleQuality(pictures(4), SPACE, extractor="quadrants", measures=("FD",))
    assert "4 rows for 4 features" in evaluation(Copier())["FD(quadrants)"].caution


def test_a_perfect_copy_has_no_distance_and_shows_every_label():
    evaluation = pictured.ReconstructionQuality(
        pictures(30), SPACE, extractor="quadrants", measures=("FD", "accuracy", "precision")
    )
    made = evaluation(Copier())
    assert made["reconstruction FD(quadrants)"].value == pytest.approx(0, abs=1e-10)
    assert made["reconstruction accuracy(quadrants)"].value == 100
    assert made["reconstruction precision(quadrants)"].value == 1


@pytest.mark.parametrize("in_order", [False, True])
def test_class_scores_of_rows_that_stand_class_after_class_are_those_of_the_classes(
    in_order: bool,
) -> None:
    rows = pictures(200)
    rows = rows[rows.y.argsort(stable=True)] if in_order else rows
    copies = pictured.ReconstructionQuality(rows, SPACE, extractor="quadrants", measures=("CS",))
    real = pictured.RealPictureQuality(rows, rows, "quadrants", ("CS",), "real images", "they")
    found = {**copies(Copier()), **real(Copier())}
    for score in found.values():
        assert score.value == pytest.approx(1.9, abs=0.1)
    drawn = "drawn with seed 0" in found["CS(quadrants) of real images"].protocol
    assert drawn == in_order  # a set that is mixed stays as it is


def test_a_faded_copy_loses_the_label_of_light_pictures_alone():
    evaluation = pictured.ReconstructionQuality(
        pictures(30), SPACE, extractor="quadrants", measures=("accuracy",)
    )
    score = evaluation(Copier(fade=0.2))["reconstruction accuracy(quadrants)"]
    assert (score.value, score.n) == (50, 30)
    assert score.spread == pytest.approx(100 * (0.25 / 30) ** 0.5, rel=1e-6)


def test_closeness_is_that_of_the_pictures():
    real = pictures(10)
    made = pictured.PixelSimilarity(real, SPACE)(Copier(fade=0.5))
    half = real.raw_rows().double() / 2
    assert made["l1"].value == pytest.approx(half.mean().item(), rel=1e-5)
    errors = half.square().flatten(1).mean(1)
    assert made["psnr"].value == pytest.approx((-10 * errors.log10()).mean().item(), rel=1e-5)
    assert "window of 3 pixels" in made["ssim"].protocol


def test_power_on_a_grid_is_that_of_the_pictures_in_per_cent(monkeypatch: pytest.MonkeyPatch):
    real = pictures(10)
    x = real.raw_rows()
    shapes = []

    def half(a: torch.Tensor, b: torch.Tensor) -> dict[str, float]:
        torch.testing.assert_close(b, a / 2)
        shapes.append(a.shape)
        return {"grid": 0.5, "beside": 0.25}

    monkeypatch.setattr(pictured.reconstruction, "grid_power", half)
    made = pictured.GridPower(real, SPACE)(Copier(fade=0.5))
    assert {name: score.value for name, score in made.items()} == {
        "power on a grid of 2 pixels": 50,
        "power beside a grid of 2 pixels": 25,
    }
    assert shapes == [x.shape]
    assert "10 rows of the test split" in made["power on a grid of 2 pixels"].protocol


def test_a_measure_or_a_label_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="did you mean 'FD'"):
        pictured.SampleQuality(pictures(9), SPACE, extractor="q", measures=("FDD",))(Copier())
    real = pictures(9)
    blank = type(real)(real.x, real.y * 0 - 1, real.classes, "blank", "")
    others = type(real)(real.x, real.y, ("night", "day"), "others", "")
    for broken in (blank, others):
        evaluation = pictured.ReconstructionQuality(
            broken, SPACE, extractor="quadrants", measures=("accuracy",)
        )
        with pytest.raises(InputError, match="labelled rows"):
            evaluation(Copier())
