"""Arrays and DataFrames in and out of estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from auxgen.errors import InputError
from auxgen.estimators import GenerativeModel, SemiSupervisedClassifier

SETTINGS: dict[str, Any] = {"steps": 20, "hidden": 10, "latent": 2}


def make_frame(n: int = 60) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns of every kind, and labels of a third of the rows."""
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=n)
    frame = pd.DataFrame(
        {
            "mass": rng.normal(size=n) + 3 * truth,
            "legs": rng.integers(0, 9, n),
            "colour": np.where(truth, "red", "blue"),
            "site": pd.Categorical(rng.choice(["east", "west"], n), ["west", "east", "north"]),
            "wild": truth == 1,
            "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 500, n), "D"),
            "code": pd.array(rng.integers(0, 3, n), dtype="Int64"),
            "always": 3.0,
        }
    )
    frame.loc[3:5, "mass"] = np.nan
    frame.loc[4:6, "colour"] = None
    frame.loc[7, "code"] = pd.NA
    names = np.array(["cat", "dog"])[truth]
    return frame, np.where(np.arange(n) < n // 3, names, "")


def test_a_frame_of_all_kinds_goes_in_and_comes_out() -> None:
    frame, y = make_frame()
    model = SemiSupervisedClassifier("m2", **SETTINGS).fit(frame, y)
    assert getattr(model, "feature_names_in_").tolist() == list(frame.columns)  # noqa: B009
    drawn = model.sample(40, random_state=0)
    whole = ["mass", "legs", "colour", "site", "wild", "always"]
    assert drawn.columns.tolist() == frame.columns.tolist()
    assert [drawn[c].dtype for c in whole] == [frame[c].dtype for c in whole]
    assert pd.api.types.is_datetime64_any_dtype(drawn["seen"])
    assert drawn["code"].dtype == "Int64"
    assert set(drawn["colour"].dropna()) == {"red", "blue"}
    assert set(drawn["legs"]) & set(frame["legs"])
    back = model.inverse_transform(model.transform(frame))
    assert isinstance(back, pd.DataFrame)
    assert back.shape == frame.shape
    pd.testing.assert_index_equal(model.sample(0).columns, frame.columns)


def test_columns_are_found_by_name_and_cells_as_they_were() -> None:
    frame, y = make_frame()
    model = SemiSupervisedClassifier("m2", **SETTINGS).fit(frame, y)
    probs = model.predict_proba(frame)
    np.testing.assert_array_equal(model.predict_proba(frame.iloc[5:9]), probs[5:9])
    np.testing.assert_array_equal(model.predict_proba(frame.astype({"site": str})), probs)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.drop(columns="mass"))
    with pytest.raises(InputError, match="mass"):
        model.predict(frame.assign(mass="heavy"))


def test_durations_are_numbers_and_come_back() -> None:
    frame, y = make_frame()
    hours = pd.to_timedelta(np.arange(60) * 1.5, "h")
    frame = frame[["mass"]].assign(stay=hours.where(np.arange(60) != 9))
    model = SemiSupervisedClassifier("m2", **SETTINGS).fit(frame, y)
    assert model.model_.space.table is not None
    assert [c.name for c in model.model_.space.table.numbers] == ["mass", "stay"]
    drawn = model.sample(200, random_state=0)["stay"]
    assert drawn.dtype == frame["stay"].dtype
    assert pd.Timedelta(0) < drawn.mean() < pd.Timedelta(90, "h")


def test_texts_that_fit_did_not_see_are_unknown_and_told() -> None:
    frame, y = make_frame()
    model = SemiSupervisedClassifier("m2", **SETTINGS).fit(frame, y)
    unknown = model.predict_proba(frame.assign(colour=None))
    with pytest.warns(UserWarning, match=r"Column 'colour': 60 cells with a text that training di"):
        probs = model.predict_proba(frame.assign(colour="mauve"))
    np.testing.assert_array_equal(probs, unknown)


@pytest.mark.parametrize("cell", [[1, 2], {"a": 1}, (1, 2), b"a", 1j, np.zeros(2)], ids=str)
def test_cells_that_are_no_values_are_refused(cell: object) -> None:
    frame, y = make_frame()
    odd = pd.Series([cell] * 60, dtype=object)
    with pytest.raises(InputError, match=r"Column 'odd' of X holds .*; numbers or texts are"):
        SemiSupervisedClassifier("m2", **SETTINGS).fit(frame.assign(odd=odd), y)


def test_arrays_of_any_layout_are_the_same_rows() -> None:
    """Backwards, every second, by columns, read-only: views that torch may not take."""
    x = np.random.default_rng(0).normal(size=(40, 3))
    y = np.where(np.arange(40) < 10, x[:, 0] > 0, -1)
    model = SemiSupervisedClassifier("m2", **SETTINGS).fit(x, y)
    fixed = x.copy()
    fixed.flags.writeable = False
    for rows in (x[::-1], x[::2], np.asfortranarray(x), fixed, np.ascontiguousarray(x[::-1])[::-1]):
        own = np.array(rows)
        for function in (model.predict_proba, model.transform, model.score_samples):
            np.testing.assert_array_equal(function(rows), function(own))
    codes = model.transform(x)
    np.testing.assert_array_equal(
        model.inverse_transform(codes[::-1]), model.inverse_transform(codes)[::-1]
    )
    backwards = GenerativeModel(steps=5).fit(x[::-1])
    assert np.isfinite(backwards.score(x[::-1]))


def test_columns_that_look_like_an_index_are_learned_from() -> None:
    frame, y = make_frame()
    model = SemiSupervisedClassifier("m2", **SETTINGS).fit(frame.assign(id=np.arange(60)), y)
    assert "id" in model.sample(3)
    assert model.model_.space.table is not None
    assert "id" in [c.name for c in model.model_.space.table.numbers]


def test_missing_numbers_are_unknown_and_not_zero() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=200)
    x = rng.normal(size=(200, 3)) + 4 * truth[:, None] + 100
    holes = x.copy()
    holes[rng.random(x.shape) < 0.3] = np.nan
    y = np.where(np.arange(200) < 20, truth, -1)
    model = SemiSupervisedClassifier("m2", steps=150, hidden=20, latent=2).fit(holes, y)
    assert model.score(holes, truth) > 0.93
    assert np.isfinite(model.score_samples(holes)).all()
    assert model.sample(5).shape == (5, 3)


def test_rows_that_cannot_be_are_refused() -> None:
    frame, y = make_frame()
    model = SemiSupervisedClassifier("m2", **SETTINGS)
    with pytest.raises(InputError, match="infinite"):
        model.fit(frame.assign(mass=np.inf), y)
    with pytest.raises(ValueError, match="infinity"):
        model.fit(np.full((60, 2), np.inf), y)
    with pytest.raises(InputError, match="shape"):
        model.fit(frame.iloc[:0], y[:0])
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(frame, y[:-1])


def test_codes_come_as_a_frame_when_asked() -> None:
    frame, y = make_frame()
    model = SemiSupervisedClassifier("m2", **SETTINGS).set_output(transform="pandas")
    codes = model.fit(frame, y).transform(frame)
    assert codes.columns.tolist() == ["semisupervisedclassifier0", "semisupervisedclassifier1"]
    assert codes.shape == (60, 2)
