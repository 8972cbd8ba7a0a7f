"""Few labels on made-up cells: counts of genes under several likelihoods, beside usual classifiers.

OMP_NUM_THREADS=1 python benchmarks/counts.py --out results/counts.json

A cell has counts of 200 genes: negative binomials around shares of a library size that varies by a
factor of about 3 between common cells. Shares depend on the cell's type, one of five, and on two
factors that all types have. 600 cells are for training, three of each type with their type, and 400
for the test. Settings were chosen on draws from 100 on; draws 0 to 4 are reported. Seconds are the
processor's, of one thread.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from records import describe_run
from scipy.stats import t as student
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from auxgen.estimators import GenerativeModel, SemiSupervisedClassifier

CELLS, TRAINING, GENES, TYPES, LABELS = 1000, 600, 200, 5, 3
PEERS = ("logistic regression", "random forest")
LIBRARY: dict[str, Any] = {"library_size": True}
Classify = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
"""Counts (n, g), types (n,) with -1 where unknown, new counts (m, g), seed -> (m, k)."""


class Cells(NamedTuple):
    """Counts and types, for training with -1 where the type is unknown, and for the test."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def simulate_cells(seed: int) -> Cells:
    """Made-up cells, see the page's head."""
    random = np.random.default_rng(seed)
    base = random.normal(0, 1, GENES)
    changed = random.random((TYPES, GENES)) < 0.5
    of_type = 0.35 * random.normal(size=(TYPES, GENES)) * changed
    y = random.integers(0, TYPES, CELLS)
    factors = random.normal(size=(CELLS, 2)) @ random.normal(0, 0.3, (2, GENES))
    shares = np.exp(base + of_type[y] + factors)
    shares /= shares.sum(1, keepdims=True)
    size = np.exp(random.normal(np.log(400), 0.5, CELLS))
    dispersion = np.exp(random.normal(np.log(2), 0.5, GENES))
    x = random.poisson(random.gamma(dispersion, size[:, None] * shares / dispersion)).astype(float)
    known = np.full(TRAINING, -1)
    for c in range(TYPES):
        own = np.flatnonzero(y[:TRAINING] == c)
        known[random.choice(own, LABELS, replace=False)] = c
    return Cells(x[:TRAINING], known, x[TRAINING:], y[TRAINING:])


def log_normalise(x: np.ndarray) -> np.ndarray:
    """log(1 + count), of counts scaled to one library size."""
    size = np.maximum(x.sum(1, keepdims=True), 1)
    return np.log1p(x / size * 400)


def fit_logistic(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
    del seed
    model = LogisticRegression(max_iter=2000).fit(log_normalise(x)[y >= 0], y[y >= 0])
    return model.predict_proba(log_normalise(x_new))


def fit_forest(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
    model = RandomForestClassifier(500, random_state=seed)
    return model.fit(log_normalise(x)[y >= 0], y[y >= 0]).predict_proba(log_normalise(x_new))


def make_classifier(model: Any, **options: Any) -> Classify:
    """A `SemiSupervisedClassifier` of raw counts."""

    def classify(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
        found = SemiSupervisedClassifier(model, random_state=seed, **options).fit(x, y)
        return found.predict_proba(x_new)

    return classify


def make_code_classifier(likelihood: str) -> Classify:
    """Logistic regression of the codes of a VAE of all rows, M1 of Kingma et al. (2014)."""

    def classify(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
        options: dict[str, Any] = {} if likelihood.startswith("gaussian") else LIBRARY
        vae = GenerativeModel(likelihood=likelihood, steps=300, random_state=seed, **options)
        if not options:
            x, x_new = log_normalise(x), log_normalise(x_new)
        z, z_new = vae.fit(x).transform(x), vae.transform(x_new)
        model = LogisticRegression(max_iter=2000).fit(z[y >= 0], y[y >= 0])
        return model.predict_proba(z_new)

    return classify


NEGATIVE = {"likelihood": "negative_binomial", **LIBRARY}
METHODS: dict[str, Classify] = {
    "logistic regression": fit_logistic,
    "random forest": fit_forest,
    "codes, negative binomial": make_code_classifier("negative_binomial"),
    "codes, zero-inflated negative binomial": make_code_classifier(
        "zero_inflated_negative_binomial"
    ),
    "codes, Poisson": make_code_classifier("poisson"),
    "codes, Gaussian of fixed deviation, log-normalised": make_code_classifier("gaussian_fixed"),
    "M2, negative binomial, conditional bound": make_classifier("m2", **NEGATIVE),
    "M2, negative binomial, marginal bound": make_classifier(
        "m2", labelled_bound="marginal", **NEGATIVE
    ),
    "M2, Poisson": make_classifier("m2", likelihood="poisson", **LIBRARY),
    "M2, Gaussian of fixed deviation": make_classifier("m2", likelihood="gaussian_fixed"),
    "committee, negative binomial": make_classifier("committee", **NEGATIVE),
    "committee, Gaussian": make_classifier("committee"),
}


def measure(probs: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Accuracy and log loss in nats."""
    own = np.maximum(probs[np.arange(len(y)), y], 1e-6)
    return float((probs.argmax(1) == y).mean()), float(-np.log(own).mean())


def average(values: np.ndarray) -> dict[str, Any]:
    """The mean over draws (n,), and its 95 % interval by Student's t."""
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    mean = values.mean()
    return {"mean": round(mean, 4), "interval": [round(mean - half, 4), round(mean + half, 4)]}


def summarise(scores: dict[str, np.ndarray], seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Means over draws, and gains over each peer; scores (draws, 2): accuracy and log loss."""
    found = {}
    for name, own in scores.items():
        found[name] = {
            "accuracy": average(own[:, 0]),
            "log_loss": average(own[:, 1]),
            "seconds": round(float(np.median(seconds[name])), 2),
        }
        for peer in PEERS:
            if name not in PEERS:
                gain = own - scores[peer]
                found[name][f"over {peer}"] = {
                    "accuracy": average(gain[:, 0]),
                    "log_loss": average(-gain[:, 1]),
                }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True, help="the JSON to write")
    parser.add_argument("--first", type=int, default=0, help="first draw; from 100 to choose by")
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    draws = range(options.first, options.first + options.draws)
    scores, seconds = {name: [] for name in METHODS}, {name: [] for name in METHODS}
    for draw in draws:
        cells = simulate_cells(draw)
        for name, classify in METHODS.items():
            start = time.process_time()
            probs = classify(cells.x, cells.y, cells.x_test, draw)
            seconds[name].append(time.process_time() - start)
            scores[name].append(measure(probs, cells.y_test))
            print(draw, name, *(f"{s:.3f}" for s in scores[name][-1]), file=sys.stderr, flush=True)
    about = {
        **describe_run("counts.py", "torch", "scikit-learn", "numpy"),
        "cells": {"training": TRAINING, "genes": GENES, "types": TYPES, "labels": LABELS},
        "draws": list(draws),
    }
    found = summarise({name: np.array(each) for name, each in scores.items()}, seconds)
    options.out.write_text(json.dumps({**about, "methods": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
