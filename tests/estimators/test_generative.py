"""Densities of rows: draws, bounds, missing values, and rows that are unlike the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from estimators.test_rows import make_frame
from scipy.stats import multivariate_normal

import auxgen
from auxgen.errors import InputError
from auxgen.estimators import GenerativeModel

SMALL: dict[str, Any] = {"steps": 20, "hidden": 10, "latent": 2, "draws": 3}
MODELS = ["vae", "iwae", "asl", "mi_asl"]


def make_plane(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows near a plane in five dimensions, and their covariance."""
    ways = np.random.default_rng(7).normal(size=(2, 5))
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) @ ways + 0.2 * rng.normal(size=(n, 5))
    return x, ways.T @ ways + 0.04 * np.eye(5)


@pytest.mark.parametrize("name", ["vae", "mi_asl"])
def test_draws_have_the_covariance_of_the_rows(name) -> None:
    x, _ = make_plane()
    model = GenerativeModel(name, steps=400, hidden=40, latent=2, learning_rate=5e-3).fit(x)
    drawn = model.sample(4000, random_state=0)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(x.T), atol=0.15 * np.cov(x.T).max())


def test_bounds_are_below_the_density_and_close_to_it() -> None:
    """Standardising multiplies the density by the product of the deviations."""
    x, covariance = make_plane()
    model = GenerativeModel(steps=800, hidden=40, latent=2, learning_rate=5e-3).fit(x)
    new, _ = make_plane(seed=1)
    density: Any = multivariate_normal
    truth = density(np.zeros(5), covariance).logpdf(new) + np.log(x.std(0)).sum()
    tight = model.score_samples(new, importance_weights=200)
    assert truth.mean() - 1 < tight.mean() < truth.mean() + 0.05
    assert model.score(new) < tight.mean() + 0.05


@pytest.mark.parametrize("name", ["vae", "asl"])
def test_missing_values_are_filled_by_what_is_known_of_the_row(name) -> None:
    x, covariance = make_plane()
    model = GenerativeModel(name, steps=400, hidden=40, latent=2, learning_rate=5e-3).fit(x)
    holes = x.copy()
    holes[:, 0] = np.nan
    filled = model.impute(holes)
    np.testing.assert_array_equal(filled[:, 1:], x[:, 1:])
    best = x[:, 1:] @ np.linalg.solve(covariance[1:, 1:], covariance[1:, 0])
    spread = x[:, 0].std()
    assert np.sqrt(((filled[:, 0] - best) ** 2).mean()) < 0.35 * spread


def test_it_learns_from_rows_with_missing_values_or_says_that_it_cannot() -> None:
    x, _ = make_plane()
    x[np.random.default_rng(1).random(x.shape) < 0.2] = np.nan
    model = GenerativeModel(**SMALL).fit(x)
    assert np.isfinite(model.score_samples(x)).all()
    assert np.isfinite(model.impute(x)).all()
    frame, _ = make_frame()
    for name in ("asl", "mi_asl"):
        with pytest.raises(ValueError, match="NaN"):
            GenerativeModel(name, **SMALL).fit(x)
        with pytest.raises(InputError, match="missing entries"):
            GenerativeModel(name, **SMALL).fit(frame)


def test_a_frame_goes_in_and_comes_out() -> None:
    frame, _ = make_frame()
    model = GenerativeModel(**SMALL).fit(frame)
    for found in (
        model.impute(frame),
        model.sample(7),
        model.inverse_transform(model.transform(frame)),
    ):
        assert isinstance(found, pd.DataFrame)
        assert found.columns.tolist() == frame.columns.tolist()
    filled = model.impute(frame)
    known = frame["colour"].notna()
    assert filled["colour"].notna().all()
    assert (filled["colour"][known] == frame["colour"][known]).all()


def test_filled_rows_keep_their_index_and_their_known_numbers_to_the_last_digit() -> None:
    numbers = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["a", "b"])
    numbers.index = pd.Index([f"row {i // 2}" for i in range(30)])  # names may occur twice
    holes = numbers.copy()
    holes.iloc[3, 0] = np.nan
    for dtype in ("float64", "Float64", "float32"):
        filled = GenerativeModel(**SMALL).fit(numbers).impute(holes.astype(dtype))
        assert filled.index.equals(numbers.index)
        assert filled.notna().all(axis=None)
        expected = holes.astype(dtype).iloc[4:].to_numpy(dtype="float64")
        np.testing.assert_array_equal(filled.iloc[4:].to_numpy(dtype="float64"), expected)


def test_a_share_of_the_rows_is_unlike_the_others_and_far_rows_are() -> None:
    x, _ = make_plane()
    model = GenerativeModel(steps=200, hidden=20, latent=2, contamination=0.05).fit(x)
    assert (model.predict(x) == -1).mean() == pytest.approx(0.05, abs=0.005)
    assert (model.predict(x + 20) == -1).all()
    np.testing.assert_allclose(model.decision_function(x), model.score_samples(x) - model.offset_)


def test_what_a_model_cannot_do_is_not_there() -> None:
    model = GenerativeModel("mi_asl", **SMALL).fit(make_plane()[0])
    for name in ("predict", "score_samples", "score", "decision_function", "fit_predict"):
        assert not hasattr(model, name)
    assert model.sample(2).shape == (2, 5)
    others: list[dict[str, Any]] = [{"early_stopping": True}, {"warm_start": True}]
    for other in others:
        with pytest.raises(InputError, match="one stage"):
            GenerativeModel("asl", **SMALL, **other).fit(make_plane()[0])


@pytest.mark.parametrize("name", MODELS)
def test_an_artefact_is_the_estimator(name, tmp_path: Path) -> None:
    x, _ = make_plane()
    model = GenerativeModel(name, **SMALL).fit(x)
    known = GenerativeModel.load(model.save(tmp_path / "a"))
    np.testing.assert_array_equal(known.transform(x), model.transform(x))
    np.testing.assert_array_equal(known.sample(3, random_state=0), model.sample(3, random_state=0))
    if name != "mi_asl":
        np.testing.assert_array_equal(known.predict(x), model.predict(x))
    assert auxgen.load(tmp_path / "a").sample(2).shape == (2, 5)


def test_it_goes_on_and_stops_early() -> None:
    x, _ = make_plane()
    model = GenerativeModel(**{**SMALL, "warm_start": True}).fit(x).fit(x)
    assert model.n_iter_ == len(model.loss_curve_) == 40
    early = GenerativeModel(
        early_stopping=True, steps=2000, hidden=10, latent=2, learning_rate=2e-2, n_iter_no_change=2
    )
    assert early.fit(x).n_iter_ < 2000
    parts = GenerativeModel(**{**SMALL, "batch": 50})
    for part in np.array_split(x, 4):
        parts.partial_fit(part)
    assert parts.n_iter_ == 8


def test_weights_repeat_rows() -> None:
    x, _ = make_plane(60)
    weights = np.random.default_rng(0).integers(0, 3, 60)
    one = GenerativeModel(**SMALL).fit(x, sample_weight=weights).transform(x)
    np.testing.assert_array_equal(
        one, GenerativeModel(**SMALL).fit(np.repeat(x, weights, 0)).transform(x)
    )


@pytest.mark.parametrize(
    "odd",
    [{"contamination": 0.6}, {"contamination": 0}, {"model": "m2"}, {"importance_weights": 0}],
    ids=str,
)
def test_parameters_out_of_range_are_refused(odd) -> None:
    with pytest.raises(InputError, match=next(iter(odd))):
        GenerativeModel(**{**SMALL, **odd}).fit(make_plane()[0])
