"""Extractors trained here: found in folders, trained once where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from auxgen.builders import Recipe
from auxgen.builders.artefact import save_model
from auxgen.data.dataset import Preprocessor
from auxgen.errors import InputError
from auxgen.experiments.features import plans, sets
from auxgen.features.extractors import Extractor, extract_features
from auxgen.features.registry import load_extractor
from auxgen.launch import train_missing_extractors_for
from auxgen.model import Model, load
from auxgen.runs.folder import Run
from auxgen.stage import Experiment

torch.set_num_threads(1)
CLASSES = ("cat", "dog", "owl")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a cache and a folder of weights."""
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AUXGEN_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path


def saved(folder: Path, channels: int = 1, seed: int = 0) -> Model:
    """An untrained artefact of a residual network."""
    torch.manual_seed(seed)
    made = Recipe("image_classifier", {"channels": channels, "classes": 3, "blocks": 1, "width": 4})
    space = Preprocessor(kind="images", shape=(channels, 8, 8), flat=False, classes=CLASSES)
    folder.parent.mkdir(parents=True, exist_ok=True)
    save_model(folder, made.build().eval(), made, space, {"experiment": "test"})
    return load(folder)


def pictures(channels: int = 1, size: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (5, channels, size, size), generator=generator, dtype=torch.uint8)


def test_a_folder_gives_the_features_and_classes_of_its_model(root: Path) -> None:
    model = saved(root / "birds")
    found = load_extractor(str(root / "birds"))
    got, x = extract_features(found, pictures()), pictures() / 255.0
    method = model.method
    torch.testing.assert_close(got.features, method.features(x))  # pyright: ignore
    torch.testing.assert_close(got.probs, method.classify(x).probs)  # pyright: ignore
    assert found.format_metric("FD") == "FD(features.birds)"
    assert found.channels == 1
    assert "grey at 8x8" in found.protocol
    assert extract_features(found, pictures(size=20)).features.shape == (5, 16)


def test_a_folder_called_inception_is_not_inception(root: Path) -> None:
    saved(root / "inception")
    assert load_extractor(str(root / "inception")).format_metric("FD") == "FD(features.inception)"


def test_the_hash_is_of_the_weights(root: Path) -> None:
    folders = [root / name for name in "abc"]
    for folder, seed in zip(folders, (0, 0, 1), strict=True):
        saved(folder, seed=seed)
    a, b, c = (load_extractor(str(folder)).sha256 for folder in folders)
    assert a == b != c


def test_the_folder_of_weights_comes_first(root: Path) -> None:
    saved(root / "weights" / "features.digits", channels=3)
    found = load_extractor("features.digits")
    assert found.name == "features.digits"
    assert found.channels == 3


def test_a_model_without_features_is_refused(root: Path) -> None:
    made = Recipe("vae", {"x": 64, "hidden": [4], "z": 2})
    space = Preprocessor(kind="images", shape=(1, 8, 8))
    save_model(root / "vae", made.build().eval(), made, space, {})
    with pytest.raises(InputError, match="VAE cannot extract features"):
        load_extractor(str(root / "vae"))


def test_a_truncated_artefact_is_refused(root: Path) -> None:
    saved(root / "birds")
    file = root / "birds" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InputError, match="truncated"):
        load_extractor(str(root / "birds"))


def load_or_train(name: str) -> Extractor:
    """An extractor as commands get it: the launch room trains what is missing."""
    return train_missing_extractors_for(lambda: load_extractor(name), "cpu")


def test_an_unknown_set_gets_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"did you mean 'features.mnist'\?"):
        load_or_train("features.mnits")


def test_a_persons_own_set_must_be_trained_first() -> None:
    with pytest.raises(InputError, match=r"needs data: train it with auxgen train features\.own"):
        load_or_train("features.own")


def test_the_first_use_trains_it_and_others_find_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, made = sets.digits, []

    def short(*, seed: int = 0, epochs: float = 0.1) -> Experiment:
        made.append(seed)
        return whole(plans.FeaturesPlan(epochs=epochs, width=4, batch=8), seed=seed)

    monkeypatch.setattr(sets, "digits", short)
    before = torch.get_rng_state()
    with torch.no_grad():
        first = load_or_train("features.digits")
    assert torch.equal(torch.get_rng_state(), before)
    message = capsys.readouterr().err
    assert "features.digits is in neither AUXGEN_WEIGHTS nor the cache: training it once" in message
    trained = len(made)
    assert load_or_train("features.digits").sha256 == first.sha256
    assert len(made) == trained
    assert "training it once" not in capsys.readouterr().err
    assert first.name == "features.digits"
    error = Run(root / "cache" / "extractors" / "features.digits").read_scores()["scores"]
    assert f"test_error {error['classifier/test_error']['value']:.4g} %" in first.protocol


def test_the_same_network_is_trained_with_another_seed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sets.digits

    def short(*, seed: int = 0, epochs: float = 0.1) -> Experiment:
        return whole(plans.FeaturesPlan(epochs=epochs, width=4, batch=8), seed=seed)

    monkeypatch.setattr(sets, "digits", short)
    found = load_or_train("features.digits-seed=3")
    assert found.format_metric("FD") == "FD(features.digits-seed=3)"
    run = Run(root / "cache" / "extractors" / "features.digits-seed=3")
    assert (run.config["experiment"], run.config["seed"]) == ("features.digits", 3)
    assert found.sha256 != load_or_train("features.digits").sha256
    with pytest.raises(InputError, match="has a seed of 'x'; expected a whole number such as 1"):
        load_or_train("features.digits-seed=x")


def test_training_that_was_stopped_goes_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auxgen.launch import train

    whole = sets.digits

    def short(*, seed: int = 0, epochs: float = 0.1) -> Experiment:
        return whole(plans.FeaturesPlan(epochs=epochs, width=4, batch=8), seed=seed)

    monkeypatch.setattr(sets, "digits", short)
    folder = root / "cache" / "extractors" / "features.digits"
    run = train("features.digits", run=folder, device="cpu", quiet=True)
    weights = folder / "classifier" / "model.safetensors"
    weights.unlink()  # as if stopped before its end
    found = load_or_train("features.digits")
    assert Run(folder).config["id"] == run.config["id"]
    assert weights.exists()
    assert "test_error" in found.protocol
