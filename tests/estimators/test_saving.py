"""Estimators as artefacts and as pickles."""

from __future__ import annotations

import io
import json
import pickle
import shutil
from functools import partial
from pathlib import Path
from typing import Literal

import joblib
import numpy as np
import pandas as pd
import pytest
from estimators.test_rows import SETTINGS, make_frame

import auxgen
from auxgen.errors import InputError
from auxgen.estimators import GenerativeModel, SemiSupervisedClassifier


def fit_small(**other) -> tuple[SemiSupervisedClassifier, pd.DataFrame]:
    frame, y = make_frame()
    return SemiSupervisedClassifier("m2", **SETTINGS, **other).fit(frame, y), frame


def assert_same(first: SemiSupervisedClassifier, second: SemiSupervisedClassifier, rows) -> None:
    np.testing.assert_array_equal(first.predict(rows), second.predict(rows))
    np.testing.assert_array_equal(first.predict_proba(rows), second.predict_proba(rows))
    np.testing.assert_array_equal(first.score_samples(rows), second.score_samples(rows))
    pd.testing.assert_frame_equal(
        first.sample(4, "dog", random_state=1), second.sample(4, "dog", random_state=1)
    )


def test_an_artefact_is_the_estimator(tmp_path: Path) -> None:
    model, frame = fit_small(class_weight={"cat": 2.0}, random_state=np.random.default_rng(0))
    model.calibrate(frame, np.array(["cat", "dog"] * 30))
    place = model.save(tmp_path / "a")
    known = SemiSupervisedClassifier.load(place)
    assert_same(known, model, frame)
    assert known.get_params()["class_weight"] == {"cat": 2.0}
    assert known.classes_.dtype == model.classes_.dtype
    assert known.temperature_ == model.temperature_
    assert getattr(known, "feature_names_in_").tolist() == list(frame.columns)  # noqa: B009
    found = auxgen.load(place).predict(frame).names
    assert found == model.predict(frame).tolist()
    with pytest.raises(InputError, match="exists already"):
        model.save(place)


@pytest.mark.parametrize("labels", [[1, 2], [1.0, 2.0], [True, False], ["a", "b"]], ids=str)
def test_labels_of_all_types_come_back(tmp_path: Path, labels) -> None:
    x = np.random.default_rng(0).normal(size=(20, 2))
    model = SemiSupervisedClassifier("m2", **SETTINGS).fit(x, labels * 10)
    known = SemiSupervisedClassifier.load(model.save(tmp_path / "a"))
    assert known.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(known.predict(x), model.predict(x))


def test_other_folders_are_refused(tmp_path: Path) -> None:
    model, _ = fit_small()
    place = model.save(tmp_path / "a")
    known = json.loads((place / "estimator.json").read_text())
    (place / "estimator.json").write_text(json.dumps({**known, "class": "Another"}))
    with pytest.raises(InputError, match="'Another'"):
        SemiSupervisedClassifier.load(place)
    (place / "estimator.json").unlink()
    with pytest.raises(InputError, match=r"estimator\.json"):
        SemiSupervisedClassifier.load(place)


def test_it_survives_pickle_and_joblib() -> None:
    model, frame = fit_small(warm_start=True)
    assert_same(pickle.loads(pickle.dumps(model)), model, frame)
    written = io.BytesIO()
    joblib.dump(model, written)
    written.seek(0)
    assert_same(joblib.load(written), model, frame)


HARMS = {
    "array of words for classes": lambda known: known["fitted"].update(
        classes_={"array": ["a", "two\nlines"], "dtype": "<i8"}
    ),
    "array as wide as memory": lambda known: known["fitted"].update(
        classes_={"array": ["a", "b"], "dtype": "<U2000000000"}
    ),
    "type of no label": lambda known: known["fitted"].update(
        classes_={"array": [1, 2], "dtype": "<M8[s]"}
    ),
    "one class": lambda known: known["fitted"].update(
        classes_={"array": ["cat", "cat"], "dtype": "<U3"}
    ),
    "bare list": lambda known: known["fitted"].update(loss_curve_=[1.0]),
    "losses that are words": lambda known: known["fitted"].update(
        loss_curve_={"list": ["x"], "tuple": False}
    ),
    "method for a value": lambda known: known["fitted"].update(predict=1),
    "width": lambda known: known["fitted"].update(n_features_in_=1),
    "temperature": lambda known: known["fitted"].update(temperature_=0),
    **{
        f"no {name}": partial(lambda name, known: known["fitted"].pop(name), name)
        for name in ("classes_", "temperature_", "seed_", "n_iter_", "n_features_in_")
    },
    "draws": lambda known: known["parameters"].update(draws=0),
    "draws as a word": lambda known: known["parameters"].update(draws="2"),
    "unknown parameter": lambda known: known["parameters"].update(nothing=1),
    "no parameters": lambda known: known.update(parameters=None),
    "pairs that are none": lambda known: known["parameters"].update(class_weight={"pairs": [1]}),
    "types": lambda known: known["dtypes"].pop(),
    "unknown type": lambda known: known["dtypes"].__setitem__(0, "x"),
    "categories": lambda known: known["dtypes"].__setitem__(0, {"categories": 3, "ordered": 0}),
    "columns": lambda known: known.update(columns=[], dtypes=[]),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit_small()[0].save(tmp_path_factory.mktemp("saved") / "a")


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
def test_what_save_did_not_write_is_refused(harm, saved: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(saved, tmp_path / "a"))
    known = json.loads((place / "estimator.json").read_text())
    harm(known)
    (place / "estimator.json").write_text(json.dumps(known))
    with pytest.raises(InputError, match=r"estimator\.json does not describe") as caught:
        SemiSupervisedClassifier.load(place)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", ["vae", "mi_asl"])
def test_a_density_comes_back_and_needs_its_offset_where_it_has_one(
    model: Literal["vae", "mi_asl"], tmp_path: Path
) -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    density = GenerativeModel(model, steps=2, hidden=4, latent=2, random_state=0).fit(x)
    place = density.save(tmp_path / "a")
    known = GenerativeModel.load(place)
    if model == "mi_asl":
        assert not hasattr(known, "predict")
        return
    np.testing.assert_array_equal(known.predict(x), density.predict(x))
    written = json.loads((place / "estimator.json").read_text())
    del written["fitted"]["offset_"]
    (place / "estimator.json").write_text(json.dumps(written))
    with pytest.raises(InputError, match="it has no offset_"):
        GenerativeModel.load(place)


def test_an_estimator_of_another_machine_is_loaded(saved: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(saved, tmp_path / "a"))
    known = json.loads((place / "estimator.json").read_text())
    known["parameters"]["device"] = "cuda"
    (place / "estimator.json").write_text(json.dumps(known))
    assert SemiSupervisedClassifier.load(place).device == "cuda"
