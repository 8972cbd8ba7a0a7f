"""The benchmark of few labels: its scores by hand and by other libraries, its splits, its page."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_modules import benchmarks_on_path
from sklearn.metrics import log_loss

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results" / "few_labels.json"


@pytest.fixture(autouse=True)
def benchmarks() -> Iterator[None]:
    with benchmarks_on_path():
        yield


def import_part(name: str) -> Any:
    return importlib.import_module(f"few_labels_{name}")


def test_scores_are_those_of_scikit_learn_and_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    probs, y = rng.dirichlet(np.ones(3), 50), rng.integers(3, size=50)
    found = import_part("scores").score(probs, y)
    assert found["log_loss"] == pytest.approx(log_loss(y, probs), rel=1e-4)
    assert found["brier"] == pytest.approx(np.square(probs - np.eye(3)[y]).sum(1).mean(), rel=1e-4)
    assert found["accuracy"] == (probs.argmax(1) == y).mean()


def test_calibration_error_of_one_bin_is_the_gap() -> None:
    error = import_part("scores").expected_calibration_error
    assert error(np.full(10, 0.9), np.arange(10) < 6) == pytest.approx(0.3)
    assert error(np.array([1.0, 0.2]), np.array([True, False])) == pytest.approx(0.1)


def test_holm_corrects_step_by_step() -> None:
    found = import_part("scores").correct_by_holm({"a": 0.01, "b": 0.04, "c": 0.03})
    assert found == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})


def test_the_best_has_rank_1_and_ties_share() -> None:
    ranks = import_part("scores").mean_ranks
    values = np.array([[0.9, 0.5, 0.5], [0.9, 0.5, 0.7]])
    assert ranks(values, higher_is_better=True).tolist() == [1.0, 2.75, 2.25]
    assert ranks(values, higher_is_better=False).tolist() == [3.0, 1.25, 1.75]


def test_labelled_rows_are_nested_and_balanced_and_no_test_row_is_in_training() -> None:
    tables = import_part("tables")
    one, again = tables.split_table("iris", 0), tables.split_table("iris", 0)
    np.testing.assert_array_equal(one.x, again.x)
    assert len(one.x) + len(one.x_test) == 150
    assert not np.array_equal(one.x, tables.split_table("iris", 1).x)
    for labels in (3, 5, 10):
        assert np.bincount(one.y[one.order < labels]).tolist() == [labels] * 3


def test_a_peer_does_not_know_the_label_of_a_row_held_out() -> None:
    """1-NN without the row's own label gives its neighbour's."""
    peers = import_part("peers")
    x = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]])
    y = np.array([0, 1, 0, 1, 1, 1])

    def nearest(x: np.ndarray, y: np.ndarray, seed: int) -> Any:
        del seed
        known = np.flatnonzero(y >= 0)
        return lambda rows: np.eye(2)[y[known[abs(rows - x[known].T).argmin(1)]]]

    held_out = peers.hold_out(nearest, x, y, 0)
    assert held_out[1].argmax() == 0
    assert (held_out[3:].argmax(1) == 1).all()


@pytest.mark.skipif(not RESULTS.exists(), reason="the benchmark's results are not kept yet")
def test_the_page_shows_the_tables_of_the_results() -> None:
    few_labels_page = import_part("page")
    results = json.loads(RESULTS.read_text())
    page = (ROOT / "docs" / "guides" / "few-labels.md").read_text()
    first = json.loads(RESULTS.with_suffix(".first.json").read_text())
    looks = few_labels_page.format_looks({"first": first, "second": results})
    for table in (few_labels_page.format_methods(results), few_labels_page.format_gains(results)):
        assert table in page
    assert looks in page


@pytest.mark.skipif(not RESULTS.exists(), reason="the benchmark's results are not kept yet")
def test_the_page_names_the_largest_losses_and_what_to_take_there() -> None:
    by_table = json.loads(RESULTS.read_text())["accuracy_by_table"]
    page = " ".join((ROOT / "docs" / "guides" / "few-labels.md").read_text().split())
    losses = []
    for name, accuracy in by_table.items():
        best = max((m for m in accuracy if not m.startswith("auxgen")), key=accuracy.__getitem__)
        told = f"{name.rpartition('/')[2]} {accuracy['auxgen']:.3f}, {best} {accuracy[best]:.3f}"
        losses.append((accuracy["auxgen"] - accuracy[best], told))
    for _, told in sorted(losses)[:10]:
        assert told in page
    for name, method in (("banana", "LabelSpreading-knn"), ("ring", "GMM-then-label")):
        best, ours = by_table[name][method], by_table[name]["auxgen"]
        assert f"{best:.3f}" in page
        assert f"the committee {ours:.3f}" in page


def test_the_page_begins_with_gains_that_the_files_have() -> None:
    results = {
        name: json.loads((ROOT / "results" / f"{name}.json").read_text())
        for name in ("few_labels", "pretrained_features", "counts")
    }
    page = (ROOT / "docs" / "guides" / "few-labels.md").read_text()
    against = results["few_labels"]["tests"]["accuracy"]["against"]
    points = [
        "{:+.1f} ({:.1f} to {:.1f}".format(*(100 * g for g in against[name]["gain"]))
        for name in ("MLP", "LR + RF + GMM")
    ]
    p = against["LR + RF + GMM"]["wilcoxon_holm_p"]
    assert f"{points[0]}) points over the best single classifier, {points[1]}; p = {p:.3f})" in page
    photos = [results["pretrained_features"]["scores"][f"{n} labels a class"] for n in (4, 10)]
    ours, theirs = (
        " and ".join(f"{100 * each[name]['accuracy']['mean']:.1f}" for each in photos)
        for name in ("confident rows, M2s and linear", "self-training of logistic regression")
    )
    assert f"{ours} % right, self-training {theirs}" in page
    plain = results["counts"]["methods"]["logistic regression"]["accuracy"]["mean"]
    assert f"right, logistic regression alone {plain:.3f}" in page
