"""A classifier's committee: what its M2s are told, what it leaves to the user, and older ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris

from auxgen.errors import InputError
from auxgen.estimators import SemiSupervisedClassifier, fitting
from auxgen.few_labels.committee import StandardisedRows
from auxgen.methods.committee import Committee

OLD = Path(__file__).parent / "old_committee"
QUICK: dict[str, Any] = {"steps": 5, "hidden": 8, "latent": 2}


def load_rows(labels: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Iris with so many labels a class."""
    x, y = map(np.asarray, load_iris(return_X_y=True))
    return x, np.where(np.arange(150) % 50 < labels, y, -1)


def get_committee(model: SemiSupervisedClassifier) -> Committee:
    return cast(Committee, model.model_.method)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_m2s_are_not_told_the_labels_that_judge_them(
    monkeypatch: pytest.MonkeyPatch, early_stopping: bool
) -> None:
    seen: dict[str, Any] = {}
    train, complete = fitting.train_method, fitting.complete_committee

    def spy_batches(method: Any, batches: Any, *rest: Any, **options: Any) -> Any:
        seen["batches"] = [batches(step) for step in range(12)]
        return train(method, batches, *rest, **options)

    def spy_rows(m2s: Any, recipe: Any, rows: StandardisedRows, **options: Any) -> Any:
        seen["rows"] = rows
        return complete(m2s, recipe, rows, **options)

    monkeypatch.setattr(fitting, "train_method", spy_batches)
    monkeypatch.setattr(fitting, "complete_committee", spy_rows)
    x, y = load_rows(7)
    model = SemiSupervisedClassifier(
        **QUICK, noise=0, early_stopping=early_stopping, validation_fraction=0.3
    )
    model.fit(x, y)
    rows: StandardisedRows = seen["rows"]
    known = torch.from_numpy(rows.x[rows.y >= 0])
    fold = rows.fold[rows.y >= 0]
    assert set(fold) == {0, 1, 2}
    told = np.zeros((4, len(known)), dtype=bool)
    for batch in seen["batches"]:
        same = (batch.x.unsqueeze(2) == known).all(-1)  # (member, row of the batch, known row)
        assert same.any(2).all()
        told |= same.any(1).numpy()
    for out in range(3):
        assert not told[1 + out, fold == out].any()
        assert told[1 + out].sum() >= 6
    assert told[0].sum() == (len(known) if not early_stopping else 15)


def test_shares_are_estimated_unless_the_user_says_what_classes_count() -> None:
    x, y = load_rows()
    x, y = x[:120], y[:120]  # the last class is rarer
    estimated = get_committee(SemiSupervisedClassifier(**QUICK).fit(x, y))
    assert estimated.log_odds[2] < 0
    choices: list[dict[str, Any]] = [{"class_prior": [0.2, 0.5, 0.3]}, {"class_weight": "balanced"}]
    for given in choices:
        kept = get_committee(SemiSupervisedClassifier(**QUICK, **given).fit(x, y))
        assert (kept.log_odds == 0).all()


def test_a_warm_start_begins_anew_where_labels_are_others() -> None:
    x, y = load_rows()
    more = load_rows(6)[1]
    model = SemiSupervisedClassifier(**QUICK, warm_start=True)
    assert model.fit(x, y).n_iter_ == 5
    assert model.fit(x, y).n_iter_ == 10
    assert model.fit(x, more).n_iter_ == 5
    fresh = SemiSupervisedClassifier(**QUICK).fit(x, more)
    np.testing.assert_array_equal(model.predict_proba(x), fresh.predict_proba(x))


def test_later_parts_of_the_data_hold_nothing_out_of_m2s() -> None:
    """They may have learned it before, so that their weight falls."""
    x, y = load_rows(12)
    model = SemiSupervisedClassifier(**QUICK)
    model.partial_fit(x[::2], y[::2])
    model.partial_fit(x[1::2], y[1::2])
    weights = get_committee(model).weights
    assert weights[0] == weights.min()


def test_a_class_without_a_row_is_told_in_a_sentence() -> None:
    x, y = load_rows()
    labels = np.array(["a", "b", ""])[y[:100]]
    with pytest.raises(InputError, match="the label 'c'"):
        SemiSupervisedClassifier(**QUICK).partial_fit(x[:100], labels, classes=["a", "b", "c"])


def test_a_committee_of_an_earlier_version_says_what_it_said() -> None:
    """Two M2s counted twice at temperature 2, three others, and one fitted temperature."""
    model = SemiSupervisedClassifier.load(OLD)
    x, _ = load_rows()
    known = np.loadtxt(OLD / "probabilities.txt")
    np.testing.assert_allclose(model.predict_proba(x[::10]), known, atol=2e-6)
    assert len(get_committee(model).others) == 3


def test_codes_vote_where_columns_are_counts_and_nowhere_else(tmp_path: Path) -> None:
    random, y = np.random.default_rng(0), np.arange(90) % 3
    rates = random.gamma(2.0, 3.0, (3, 8))[y]
    x, known = random.poisson(rates).astype(float), np.where(np.arange(90) < 9, y, -1)
    plain = SemiSupervisedClassifier(**QUICK).fit(x, known)
    assert len(get_committee(plain).others) == 4
    options: dict[str, Any] = {"likelihood": "negative_binomial", "library_size": True}
    model = SemiSupervisedClassifier(**QUICK, **options).fit(x, known)
    committee = get_committee(model)
    assert len(committee.others) == 5
    assert committee.weights.shape == committee.temperatures.shape == (6,)
    assert not any(p.requires_grad for p in committee.parameters())
    model.save(tmp_path / "model")
    loaded = SemiSupervisedClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(x), model.predict_proba(x))
    again = SemiSupervisedClassifier(**QUICK, **options).fit(x, known)
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))
