"""Estimators as artefacts and as pickles."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from estimators.test_rows import SETTINGS, make_frame

import auxgen
from auxgen.errors import InputError
from auxgen.estimators import SemiSupervisedClassifier


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
