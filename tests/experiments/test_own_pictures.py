"""Evaluate and predict see the same pixels of a person's pictures, whatever their kind and size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import auxgen
from auxgen.data.inputs import read_rows
from auxgen.launch import evaluate, rebuild_experiment, train
from auxgen.runs.folder import Run

SHAPES = ((40, 33), (33, 70), (90, 35), (36, 36))
KINDS = ("RGB.png", "L.png", "RGBA.png", "P.gif", "RGB.jpg", "CMYK.jpg", "1.png", "deep.png")
PLAIN = ("L.png", "RGB.png")


def draw(kind: str, shape: tuple[int, int], bright: bool, seed: int) -> Image.Image:
    """Noise that is brighter for one class, with a border that a central square leaves out."""
    rng, (width, height) = np.random.default_rng(seed), shape
    base = rng.integers(0, 130, (height, width, 4)) + (120 if bright else 0)
    side = min(shape)
    left, top = (width - side) // 2, (height - side) // 2
    inside = np.zeros((height, width, 1), bool)
    inside[top : top + side, left : left + side] = True
    pixels = np.where(inside, base, 255 - base).astype(np.uint8)
    mode = kind.partition(".")[0]
    if mode == "deep":
        return Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    colour = Image.fromarray(pixels[..., :3])
    if mode == "RGBA":
        return Image.fromarray(pixels)
    return colour.quantize(32) if mode == "P" else colour.convert(mode)


def write_pictures(folder: Path, *, kinds: tuple[str, ...], rows: int) -> Path:
    """Splits train and test, each of class folders; every picture of another kind and shape."""
    exif, number = Image.Exif(), 0
    for split in ("train", "test"):
        for label in ("dark", "light"):
            place = folder / split / label
            place.mkdir(parents=True)
            for i in range(rows):
                number += 1
                kind, shape = kinds[i % len(kinds)], SHAPES[number % len(SHAPES)]
                exif[0x0112] = 1 + number % 8
                picture = draw(kind, shape, label == "light", number)
                picture.save(place / f"{i}.{kind.partition('.')[2]}", exif=exif)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"), kinds=KINDS, rows=8)


EXPERIMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "adgm.own": ("sdgm", {"size": 12, "steps": 20, "hidden": 8, "latent": 3, "model": "sdgm"}),
    "features.own": ("classifier", {"size": 12, "width": 4, "epochs": 2, "batch": 8}),
    "introvac.own": (
        "vac",
        {"size": 32, "model": "vac", "vac_epochs": 1, "pretraining_epochs": 1, "batch": 8},
    ),
    "discreg.own": (
        "vae",
        {
            **{"vae_epochs": 0.1, "classifier_epochs": 0.1, "batch": 8, "adjusted": False},
            **{"widths": (2, 2, 2), "latent": 2, "scale_epochs": 0.05},
        },
    ),
}


def train_small(name: str, folder: Path, run: Path) -> Run:
    options = {**EXPERIMENTS[name][1], "data": folder}
    if name != "adgm.own":
        options["least_steps"] = 2
    return train(name, run=run, device="cpu", quiet=True, **options)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_model_sees_the_test_pictures_as_evaluate_does(
    pictures: Path, tmp_path: Path, name: str
) -> None:
    run = train_small(name, pictures, tmp_path / "run")
    for stage, built in rebuild_experiment(run).items():
        model = auxgen.load(run.path, stage)
        for split in ("train", "test"):
            rows = read_rows([pictures / split], model.space).x
            seen = built.data[split].raw_rows()
            if len(seen) < len(rows):  # some are held out for validation
                rows = torch.stack([row for row in rows if (seen == row).flatten(1).all(1).any()])
            assert torch.equal(rows, seen), (stage, split)
        turned = read_rows([pictures / "test"], model.space, resize=True)
        assert torch.equal(turned.x, built.data["test"].raw_rows())  # --resize changes nothing


@pytest.mark.parametrize("name", ["adgm.own", "features.own"])
def test_predict_is_wrong_as_often_as_evaluate_says(
    pictures: Path, tmp_path: Path, name: str
) -> None:
    run = train_small(name, pictures, tmp_path / "run")
    stage = EXPERIMENTS[name][0]
    error = evaluate(run.path, device="cpu", metrics=["test_error"])["scores"]
    model = auxgen.load(run.path, stage)
    rows = read_rows([pictures / "test"], model.space)
    truth = [name.partition("/")[0] for name in rows.names]
    wrong = [a != b for a, b in zip(model.predict(rows.x).names, truth, strict=True)]
    assert error[f"{stage}/test_error"]["value"] == pytest.approx(100 * np.mean(wrong))


def test_a_given_encoder_s_pictures_are_framed_alike(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", kinds=PLAIN, rows=8)
    encoder = train_small("features.own", folder, tmp_path / "encoder")
    small: dict[str, Any] = {"width": 2, "batch": 8, "transforms": 2, "latent": 3, "epochs": 1}
    small["least_steps"] = 2
    run = train(
        "asl.given",
        run=tmp_path / "run",
        device="cpu",
        quiet=True,
        data=str(folder),
        size=12,
        encoder=str(encoder.path),
        **small,
    )
    space = auxgen.load(run.path).space
    built = rebuild_experiment(run)["asl"]
    for split in ("train", "test"):
        rows = read_rows([folder / split], space)
        assert torch.equal(rows.x, built.data[split].raw_rows())


@pytest.mark.parametrize("size", [None, 20])
def test_faces_are_cropped_for_a_model_of_cropped_faces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int | None
) -> None:
    """celeba is cut to its 148 central pixels; whoever predicts on whole faces gives 178 x 218."""
    from auxgen.data.images import load_image_dataset
    from auxgen.experiments.common import image_preprocessor

    place = tmp_path / "celeba" / "test"
    place.mkdir(parents=True)
    for i in range(3):
        draw("RGB.jpg", (178, 218), False, i).save(place / f"{i}.jpg")
    monkeypatch.setenv("AUXGEN_DATA", str(tmp_path))
    dataset = load_image_dataset("celeba", "test", size=size)
    rows = read_rows([place], image_preprocessor(dataset))
    assert rows.x.shape[-1] == (size or 64)
    assert torch.equal(rows.x, dataset.raw_rows())
