"""The benchmark of pictures: its rows and summaries by hand, and that every method answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_modules import import_benchmark

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark() -> Iterator[Any]:
    with import_benchmark("pretrained_features") as module:
        yield module


def test_labels_are_as_many_of_each_class_and_others_by_another_seed(benchmark: Any) -> None:
    y = np.arange(300) % 10
    known = benchmark.hide_labels(y, 4, 0)
    assert np.bincount(known[known >= 0]).tolist() == [4] * 10
    assert (known[known >= 0] == y[known >= 0]).all()
    assert (known != benchmark.hide_labels(y, 4, 1)).any()
    kept = np.bincount(y[benchmark.make_rare(y)])
    assert kept[:5].tolist() == [30] * 5
    assert 15 < kept[5:].sum() < 50


def test_gains_are_over_self_training_draw_by_draw(benchmark: Any) -> None:
    each = {"log_loss": [1.0, 1.0], "seconds": [1.0, 3.0]}
    found = benchmark.summarise(
        {
            benchmark.SELF_TRAINING: {"accuracy": [0.5, 0.6], **each},
            "ours": {"accuracy": [0.6, 0.8], **each},
        }
    )
    gain = found["ours"]["over self-training"]
    assert gain["mean"] == pytest.approx(0.15)
    half = 12.706 * 0.05 * 2**0.5 / 2**0.5  # Student's t of one degree, SD of (0.1, 0.2)
    assert gain["interval"] == pytest.approx([0.15 - half, 0.15 + half], abs=1e-3)
    assert found["ours"]["seconds"] == 2.0


def test_peers_and_confident_rows_answer(benchmark: Any) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(200) % 10
    x = (4 * np.eye(10)[y] + rng.normal(size=(200, 10))).repeat(7, 1)
    pictures = benchmark.Pictures(x[:150], y[:150], x[150:], y[150:])
    names = ("logistic regression", benchmark.SELF_TRAINING, "confident rows, linear")
    methods = {name: benchmark.METHODS[name] for name in names}
    found = benchmark.measure(pictures, methods, 2, range(1), False)
    assert set(found) == set(names)
    assert all(each["accuracy"][0] > 0.5 for each in found.values())
