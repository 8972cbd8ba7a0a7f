"""Residual networks for features: what they learn, what they leave out, what they refuse."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

import auxgen
from auxgen.data import images
from auxgen.data import user as own
from auxgen.data.batches import LabelledBatches
from auxgen.errors import InputError
from auxgen.experiments.features.plans import FeaturesPlan, OwnFeaturesPlan
from auxgen.experiments.features.sets import own as build_own
from auxgen.experiments.features.stages import make_classifier_stage
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment
from auxgen.launch import evaluate, train
from auxgen.method import Extracts, require
from auxgen.runs.folder import Run

TINY: dict[str, Any] = {"epochs": 2, "width": 4}


def trained(name: str, folder: Path, **options: Any) -> Run:
    return train(f"features.{name}", run=folder / "run", device="cpu", quiet=True, **options)


def scores(run: Run) -> dict[str, Any]:
    return evaluate(run.path, device="cpu")["scores"]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained("digits", tmp_path_factory.mktemp("digits"), epochs=4, width=8)


def test_digits_are_learned_and_measured(digits: Run) -> None:
    found = scores(digits)
    assert found["classifier/test_error"]["value"] < 15
    assert found["classifier/test_error"]["n"] == 500
    assert found.keys() >= {f"classifier/{n}" for n in ("calibration_error", "brier")}


def test_the_curve_has_a_point_for_every_epoch(digits: Run) -> None:
    lines = [json.loads(text) for text in (digits.path / "metrics.jsonl").read_text().splitlines()]
    points = [line["step"] for line in lines if "test_error" in line.get("scores", {})]
    assert points == [20 * epoch for epoch in range(1, 5)]


def test_an_artefact_extracts_the_features_that_its_classes_are_told_by(digits: Run) -> None:
    model = auxgen.load(digits.path / "classifier")
    assert model.space.classes == tuple("0123456789")
    assert not model.space.flat
    test = images.load_image_dataset("digits", "test")
    features = require(model.method, Extracts).features(model.space.transform(test.raw_rows()))
    assert features.shape == (500, 32)
    centres = torch.stack([features[test.y == c].mean(0) for c in range(10)])
    nearest = torch.cdist(features, centres).argmin(1)
    assert (nearest == test.y).float().mean() > 0.8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits 0, 1 and 2 as image files, every third of them without a label."""
    folder = tmp_path_factory.mktemp("own")
    grey, y = load_digits(n_class=3, return_X_y=True)
    with (folder / "metadata.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["file_name", "digit"])
        for i in range(90):
            Image.fromarray((grey[i].reshape(8, 8) * 255 / 16).astype(np.uint8)).save(
                folder / f"{i}.png"
            )
            writer.writerow([f"{i}.png", "" if i % 3 == 0 else y[i]])
    return folder


def test_images_without_a_label_are_left_out(folder: Path, tmp_path: Path) -> None:
    run = trained("own", tmp_path, data=folder, label="digit", flip=True, least_steps=2, **TINY)
    assert run.config["facts"]["classifier"]["labelled"] == 48
    assert scores(run)["classifier/test_error"]["n"] == 12
    stage = build_own(OwnFeaturesPlan(epochs=1, label="digit"), data=folder)["classifier"]
    assert isinstance(stage.batches, LabelledBatches)
    assert (stage.batches.y >= 0).all()
    assert len(stage.batches.x) == 48
    assert len(stage.data["train"]) == 78


def test_ones_own_test_split_is_used(folder: Path, tmp_path: Path) -> None:
    for part, label in (("train", "a"), ("train", "b"), ("test", "a"), ("test", "b")):
        place = tmp_path / "images" / part / label
        place.mkdir(parents=True)
        for i in range(4 if part == "train" else 2):
            Image.open(folder / f"{i}.png").save(place / f"{i}.png")
    run = trained("own", tmp_path, data=tmp_path / "images", batch=4, least_steps=2, **TINY)
    assert run.config["facts"]["classifier"]["labelled"] == 8
    assert scores(run)["classifier/test_error"]["n"] == 4


def test_test_images_that_cannot_be_measured_on_are_refused(folder: Path) -> None:
    every = own.load_image_folder(folder, label="digit")
    other = own.load_image_folder(folder, label="digit", size=16)
    plan = FeaturesPlan(width=4, epochs=1, batch=8)
    with pytest.raises(
        InputError, match=r"No row of own.*/train is labelled; expected one or more"
    ):
        make_classifier_stage(every, every[every.y < 0], plan, seed=0)
    with pytest.raises(InputError, match=r"are 1 x 8 x 8 and of .* 1 x 16 x 16"):
        make_classifier_stage(every, other, plan, seed=0)


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `celeba` of 24 pictures, some attributes blank, those of one picture all."""
    root, noise = tmp_path / "data", np.random.default_rng(0)
    for part, rows in (("train", 16), ("test", 8)):
        place = root / "celeba" / part
        place.mkdir(parents=True)
        with (place / "metadata.csv").open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["file_name", "Smiling", "Wearing_Hat"])
            for i in range(rows):
                pixels = noise.integers(256, size=(148, 148, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{i}.png")
                writer.writerow([f"{i}.png", i % 2 if i else "", "" if i % 4 == 0 else "1"])
    monkeypatch.setenv("AUXGEN_DATA", str(root))
    return root


def test_attributes_are_told_with_blanks_left_out(faces: Path, tmp_path: Path) -> None:
    run = trained("celeba", tmp_path, size=16, batch=4, blocks=1, **TINY)
    assert run.config["facts"]["classifier"]["labelled"] == 15
    error = scores(run)["classifier/attribute_error"]
    assert error["detail"]["attributes"] == ["Smiling", "Wearing_Hat"]
    assert "7 rows, 2 attributes" in error["protocol"]
    model = auxgen.load(run.path / "classifier")
    assert model.space.attributes == ("Smiling", "Wearing_Hat")
    assert model.space.classes == ()
    assert require(model.method, Extracts).features(torch.rand(3, 3, 16, 16)).shape == (3, 16)


def test_a_set_without_attributes_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "load_image_dataset", lambda name, split, size: real_digits(split))
    with pytest.raises(InputError, match="has no attributes; expected columns of 0 and 1"):
        build_experiment(find_experiment("features.celeba"), {})


real_digits = images.load_sklearn_digits


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"batch": 1}, "batch is 1; 2 or more"),
        ({"blocks": 0}, "blocks is 0; 1 to 1,000"),
        ({"width": 0}, "width is 0; 1 or more"),
        ({"shift": -1}, "shift is -1; 0 or more"),
        ({"epochs": -1}, "epochs is -1; 0 or more"),
        ({"lr": 0.0}, "lr is 0.0; a number above 0"),
    ],
)
def test_sizes_that_will_not_do_are_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        build_experiment(find_experiment("features.digits"), wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "celeba"])
def test_a_real_set_is_taken_up(name: str, tmp_path: Path) -> None:
    """A few steps on a part of the real set, where it is at hand."""
    place = os.environ.get("AUXGEN_DATA")
    if place is None or not (Path(place) / name).is_dir():
        pytest.skip(f"AUXGEN_DATA names no folder with {name} in it")
    some = {s: images.load_image_dataset(name, s)[:100] for s in ("train", "test")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "load_image_dataset", lambda name, split, size=None: some[split])
        run = trained(name, tmp_path, batch=50, epochs=1, width=4)
        found = scores(run)
    error = "attribute_error" if name == "celeba" else "test_error"
    assert 0 <= found[f"classifier/{error}"]["value"] < 100
