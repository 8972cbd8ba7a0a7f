"""Likelihoods of an estimator's columns: by name, by column, and by what they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from auxgen.data.families import COUNTS, FAMILIES
from auxgen.errors import InputError
from auxgen.estimators import GenerativeModel, SemiSupervisedClassifier

CLASSIFIERS = ("committee", "m2", "sdgm", "adgm")
SMALL: dict[str, Any] = {"hidden": 10, "latent": 2, "steps": 20, "draws": 2}


def make_table(rows: int = 80) -> tuple[pandas.DataFrame, np.ndarray]:
    """A column of every kind, one with blanks, and labels of few rows."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, rows)
    table = pandas.DataFrame(
        {
            "visits": rng.negative_binomial(2, 0.05, rows) * (1 + y),
            "colour": rng.choice(["red", "green"], rows),
            "share": rng.beta(2 + 2 * y, 3),
            "rating": rng.integers(1, 6, rows),
            "answer": rng.choice([3, 7], rows),
            "length": rng.normal(170, 10, rows),
        }
    )
    table.loc[3:9, "visits"] = np.nan
    return table, np.where(np.arange(rows) % 8 == 0, y, -1)


TAKEN = {
    "visits": "negative_binomial",
    "share": "beta",
    "rating": "discretized_logistic",
    "answer": "bernoulli",
    "length": "gaussian",
    "colour": "categorical",
}


@pytest.mark.parametrize("model", [*CLASSIFIERS, "vae", "iwae", "asl", "mi_asl"])
def test_auto_takes_a_likelihood_for_each_column_tells_it_and_draws_in_its_units(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, y = make_table()
    table = table.fillna({"visits": 40}) if "asl" in model else table
    kind: Any = SemiSupervisedClassifier if model in CLASSIFIERS else GenerativeModel
    estimator = kind(model, likelihood="auto", **SMALL).fit(table, y)
    told = capsys.readouterr().err
    assert estimator.likelihoods_ == TAKEN
    assert told.count("\n") == 1
    assert all(name in told for name in ("negative_binomial", "visits", "rating"))
    drawn = estimator.sample(50, random_state=0)
    assert (drawn["visits"] >= 0).all()
    assert set(drawn["rating"]) <= set(range(1, 6))
    assert set(drawn["answer"]) <= {3, 7}
    assert drawn["share"].between(0, 1).all()
    assert estimator.impute(table, draws=5)["visits"].notna().all()
    if model == "mi_asl":
        return  # it has no bound
    assert np.isfinite(estimator.score_samples(table)).all()
    estimator.save(tmp_path / "model")
    again = kind.load(tmp_path / "model")
    assert again.likelihoods_ == TAKEN
    np.testing.assert_array_equal(again.score_samples(table), estimator.score_samples(table))
    pandas.testing.assert_frame_equal(again.sample(5, random_state=1), drawn_again(estimator))


def drawn_again(estimator: Any) -> pandas.DataFrame:
    return estimator.sample(5, random_state=1)


@pytest.mark.parametrize("family", COUNTS)
@pytest.mark.parametrize("library_size", [False, True])
def test_counts_are_drawn_whole_and_filled_in_by_means(family: str, library_size: bool) -> None:
    x = np.random.default_rng(0).poisson([2.0, 30.0, 0.5], (100, 3)).astype(float)
    model = GenerativeModel(likelihood=family, library_size=library_size, **SMALL).fit(x)
    drawn = model.sample(30, random_state=0)
    assert (drawn == drawn.round()).all()
    assert (drawn >= 0).all()
    holes = x[:20].copy()
    holes[:, 1] = np.nan
    filled = model.impute(holes, draws=200)
    np.testing.assert_array_equal(filled[:, [0, 2]], holes[:, [0, 2]])
    assert not (filled[:, 1] == filled[:, 1].round()).all()
    codes = model.inverse_transform(model.transform(x))
    assert codes.shape == x.shape


def test_counts_of_a_library_are_kept_in_an_artefact(tmp_path: Path) -> None:
    table, y = make_table()
    table = table.assign(calls=np.arange(len(table)) % 40)[["visits", "calls", "colour"]]
    options: dict[str, Any] = {"likelihood": "poisson", "library_size": True}
    model = SemiSupervisedClassifier("m2", **options, **SMALL).fit(table, y)
    model.save(tmp_path / "model")
    again = SemiSupervisedClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(table), model.predict_proba(table))
    drawn = again.sample(20, random_state=0)
    pandas.testing.assert_frame_equal(drawn, model.sample(20, random_state=0))
    assert drawn["visits"].sum() > 0
    file = tmp_path / "model" / "config.json"
    known = json.loads(file.read_text())
    known["space"]["counts"] = [0, 99]
    file.write_text(json.dumps(known))
    with pytest.raises(InputError, match="counts has entries that the model does not see"):
        SemiSupervisedClassifier.load(tmp_path / "model")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_likelihood_is_learned_from(family: str) -> None:
    """A model's bound of rows of two groups rises well above that of no training."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 200)[:, None]
    x = rng.binomial(1, 0.1 + 0.8 * group, (200, 5)).astype(float)
    x = rng.poisson(1 + 9 * group, (200, 5)).astype(float) if family in COUNTS else x
    options: dict[str, Any] = SMALL | {"steps": 1}
    before = GenerativeModel(likelihood=family, learning_rate=1e-9, **options).fit(x).score(x)
    options = SMALL | {"steps": 200, "learning_rate": 1e-2}
    after = GenerativeModel(likelihood=family, **options).fit(x).score(x)
    assert after > before + 0.5


def test_a_column_has_the_likelihood_that_is_named_for_it() -> None:
    table, y = make_table()
    named = {"visits": "poisson", "rating": "auto"}
    model = SemiSupervisedClassifier("m2", likelihood=named, **SMALL).fit(table, y)
    expected = {**TAKEN, "visits": "poisson", "share": "gaussian", "answer": "gaussian"}
    assert model.likelihoods_ == expected
    x = table[["rating", "length"]].to_numpy(float)
    of_array = GenerativeModel(likelihood={0: "discretized_logistic"}, **SMALL).fit(x)
    assert of_array.likelihoods_ == {0: "discretized_logistic", 1: "gaussian"}


def test_rows_without_likelihoods_are_seen_as_before() -> None:
    table, y = make_table()
    model = SemiSupervisedClassifier("m2", **SMALL).fit(table, y)
    assert model.model_.config["arguments"]["likelihood"] == {"numbers": 5, "texts": [2]}
    assert not {"counts", "library"} & set(model.model_.config["space"])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"likelihood": "poison"}, "poisson"),
        ({"likelihood": 3}, "likelihood is 3; expected"),
        ({"likelihood": {"visits": None}}, "expected"),
        ({"likelihood": {"visit": "poisson"}}, "visits"),
        ({"likelihood": {"length": "poisson"}}, "Column 'length' holds"),
        ({"likelihood": "negative_binomial"}, "holds"),
        ({"library_size": True}, "library_size is for columns of counts"),
        ({"likelihood": {"length": "gaussian_pixel"}, "model": "committee"}, "committee"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(options: dict[str, Any], match: str) -> None:
    table, y = make_table()
    with pytest.raises(InputError, match=match):
        SemiSupervisedClassifier(**{"model": "m2", **SMALL, **options}).fit(table, y)


def test_new_rows_are_refused_where_counts_are_none() -> None:
    table, y = make_table()
    model = SemiSupervisedClassifier("m2", likelihood={"visits": "poisson"}, **SMALL)
    model.fit(table, y)
    odd = table.assign(visits=-1.0)
    with pytest.raises(InputError, match="Column 'visits' has -1 in row 1"):
        model.predict(odd)
