"""Auxiliary supervised learning on an encoder that another run has trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import auxgen
from auxgen.data import images
from auxgen.errors import InputError
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment
from auxgen.launch import draw_pictures, evaluate, train
from auxgen.reproduction import load_reproduction, reproduce
from auxgen.runs.folder import Run
from auxgen.stage import Experiment

pytestmark = pytest.mark.usefixtures("few_draws", "coarse_pictures")

TINY: dict[str, Any] = {"data": "digits", "width": 2, "batch": 16, "transforms": 2, "latent": 4}
TINY["least_steps"] = 2


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("features") / "run"
    options: dict[str, Any] = {"width": 4, "epochs": 1, "batch": 50}
    return train("features.digits", run=folder, device="cpu", quiet=True, **options).path


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vae") / "run"
    options: dict[str, Any] = {"data": "digits", "epochs": 1, "hidden": 16, "latent": 5}
    return train("vae.mnist", run=folder, device="cpu", quiet=True, **options).path


def run_on(encoder: Path, folder: Path) -> Run:
    return train(
        "asl.given", run=folder, device="cpu", quiet=True, encoder=str(encoder), epochs=1, **TINY
    )


def build_given(options: dict[str, Any]) -> Experiment:
    return build_experiment(find_experiment("asl.given"), options)


def pixels() -> torch.Tensor:
    return images.load_image_dataset("digits", "train").raw_rows()


def test_a_classifier_s_features_are_the_codes_and_stay_as_they_were(
    features: Path, tmp_path: Path
) -> None:
    run = run_on(features, tmp_path / "run")
    method: Any = auxgen.load(run.path / "asl").method
    given = auxgen.load(features)
    codes, directions = method.q_u.network
    x = pixels()
    with torch.no_grad():
        own = given.method.features(given.space.transform(x))  # pyright: ignore
        torch.testing.assert_close(codes(x), own)
        u = method.encode(x).mean
    torch.testing.assert_close(u, directions(own))
    torch.testing.assert_close(u.T.cov(), torch.eye(4), atol=1e-3, rtol=0)
    assert method.sample(3).shape == (3, 1, 8, 8)
    scores = evaluate(run.path, device="cpu")["scores"]
    assert scores["asl/psnr"]["value"] > 5
    assert {file.stem for file in draw_pictures(run.path)} >= {"asl-samples", "asl-reconstructions"}


def test_a_vae_s_codes_are_drawn_afresh(vae: Path, tmp_path: Path) -> None:
    run = run_on(vae, tmp_path / "run")
    method: Any = auxgen.load(run.path / "asl").method
    x = pixels()[:5]
    assert not torch.equal(method.encode(x).mean, method.encode(x).mean)
    given = auxgen.load(vae)
    weights = {k.removeprefix("q_u.network.0.method."): v for k, v in method.state_dict().items()}
    assert all(torch.equal(weights[k], v) for k, v in given.method.state_dict().items())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"data": "fashion"}, "fashion"),
        ({"encoder": "nowhere"}, "no folder nowhere"),
        ({"latent": 0}, "latent is 0; 1 or more"),
        ({"density": "mixture"}, "There is no density 'mixture'; known are additive, affine"),
        ({"u": 4}, "The option 'u' of asl.given is called 'latent' now"),
        ({"batch": 1}, "batch is 1; 2 or more"),
    ],
)
def test_options_that_will_not_do_are_refused(
    features: Path, wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        build_given({"encoder": str(features), **TINY, **wrong})


def test_images_of_another_shape_are_refused(features: Path, tmp_path: Path) -> None:
    from PIL import Image

    for i in range(8):
        file = tmp_path / "set" / "train" / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((12, 12), 20 * i, np.uint8)).save(file)
    with pytest.raises(InputError, match=r"sees rows of shape \(1, 8, 8\).*\(1, 12, 12\)"):
        build_given(
            {**TINY, "encoder": str(features), "data": str(tmp_path / "set"), "held_out_rows": 2}
        )


def test_more_directions_than_the_codes_have_are_refused(features: Path) -> None:
    stage = build_given({**TINY, "encoder": str(features), "latent": 17})["asl"]
    assert stage.start is not None
    with pytest.raises(InputError, match="directions; at least 17"):
        stage.start(stage.method)


def test_it_is_reproduced(features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUXGEN_WEIGHTS", str(tmp_path / "weights"))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "features.fashion_mnist").symlink_to(features)
    folder = reproduce(
        "asl.given",
        seeds=1,
        out=tmp_path / "out",
        device="cpu",
        quiet=True,
        epochs=1,
        extractor="features.fashion_mnist",
        **TINY,
    )
    (row,) = load_reproduction(folder)["rows"]
    assert all(np.isfinite(column["mean"]) for column in row["columns"].values())
