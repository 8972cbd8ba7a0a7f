"""Few labels on photographs seen through a trained network, beside usual classifiers.

OMP_NUM_THREADS=1 python benchmarks/pretrained_features.py --out results/pretrained_features.json
OMP_NUM_THREADS=1 python benchmarks/pretrained_features.py --develop --out \
    results/pretrained_features.trials.json

CIFAR-10 as a person's own pictures: the first 6,000 training images, of which 4 or 10 of each class
have a label, and the first 2,000 test images; features of EfficientNet-Lite0 at 96 pixels, means
over places, components of their roots. Settings were chosen on other rows: training images 6,000
to 12,000 to learn from and 12,000 to 14,000 to measure on, by --develop. There half of the classes
are also made five times rarer. All methods see the same components. Seconds are the processor's, of
one thread.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from counts import average
from sklearn.linear_model import LogisticRegression
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from auxgen.data.dataset import Dataset, add_fingerprint
from auxgen.data.images import load_image_dataset
from auxgen.engine.device import describe_hardware
from auxgen.estimators import SemiSupervisedClassifier
from auxgen.features.pictures import compute_picture_features
from auxgen.features.reduction import fit_components
from auxgen.few_labels.confident import fit_confident_classifier, label_confident_rows
from auxgen.runs.config import find_commit

NETWORK, SIDE, WIDTH, CLASSES = "efficientnet-lite0", 96, 64, 10
RARE = 0.2
"""Share that is left of the last five classes where classes are unequal."""
UNEQUAL = np.repeat([1, RARE], 5) / (5 + 5 * RARE)
"""Frequencies of the classes then."""
SELF_TRAINING = "self-training of logistic regression"
Classify = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
"""Components (n, d), classes (n,) with -1 where unknown, new rows (m, d), seed -> (m, k)."""


class Pictures(NamedTuple):
    """Features and classes, to learn from and to measure on."""

    x: np.ndarray
    y: np.ndarray
    x_new: np.ndarray
    y_new: np.ndarray


def load_pictures(develop: bool, rows: int = 6000, new: int = 2000) -> tuple[Pictures, float]:
    """The rows, and the processor's seconds that the features of those to learn from took.

    They are 0 where the features were in the cache.
    """
    train = load_image_dataset("cifar10", "train", size=SIDE)
    first = 6000 if develop else 0
    known = add_fingerprint(train[first : first + rows])
    other = train[first + rows :] if develop else load_image_dataset("cifar10", "test", size=SIDE)
    measured = add_fingerprint(other[:new])
    start = time.process_time()
    x = _extract(known)
    seconds = time.process_time() - start
    return Pictures(x, known.y.numpy(), _extract(measured), measured.y.numpy()), seconds


def _extract(rows: Dataset) -> np.ndarray:
    return compute_picture_features(rows, NETWORK, size=SIDE)


def hide_labels(y: np.ndarray, labels: int, seed: int) -> np.ndarray:
    """So many labels of each class, -1 for all other rows."""
    draw, known = np.random.default_rng(seed), np.full(len(y), -1)
    for c in range(CLASSES):
        known[draw.permutation(np.flatnonzero(y == c))[:labels]] = c
    return known


def make_rare(y: np.ndarray) -> np.ndarray:
    """Rows that stay where the last five classes are five times rarer than the others."""
    return np.flatnonzero((y < 5) | (np.random.default_rng(0).random(len(y)) < RARE))


def use_labels(c: float) -> Classify:
    """Logistic regression of the labelled rows."""

    def classify(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
        model = LogisticRegression(C=c, max_iter=500).fit(x[y >= 0], y[y >= 0])
        return model.predict_proba(x_new)

    return classify


def train_itself(c: float, threshold: float) -> Classify:
    """scikit-learn's self-training of logistic regression."""

    def classify(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
        base = LogisticRegression(C=c, max_iter=500)
        return SelfTrainingClassifier(base, threshold=threshold).fit(x, y).predict_proba(x_new)

    return classify


def spread_labels(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
    found: Any = LabelSpreading(kernel="knn", n_neighbors=10).fit(x, y)
    return found.predict_proba(x_new)


def make_classifier(model: Any, width: int = WIDTH, **options: Any) -> Classify:
    """A `SemiSupervisedClassifier` of the first components."""

    def classify(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
        found = SemiSupervisedClassifier(model, random_state=seed, **options)
        return found.fit(x[:, :width], y).predict_proba(x_new[:, :width])

    return classify


def label_first(share: float, frequencies: np.ndarray | None = None) -> Classify:
    """The linear classifier that gives labels to confident rows, alone."""

    def classify(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
        return label_confident_rows(x, y, share=share, frequencies=frequencies).predict(x_new)

    return classify


def use_confident(share: float, **options: Any) -> Classify:
    """M2s that learn from confident rows too, and that classifier."""

    def classify(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, seed: int) -> np.ndarray:
        return fit_confident_classifier(x, y, share=share, seed=seed, **options).predict(x_new)

    return classify


METHODS: dict[str, Classify] = {
    "logistic regression": use_labels(0.1),
    SELF_TRAINING: train_itself(1.0, 0.9),
    "label spreading, 10 neighbours": spread_labels,
    "M2": make_classifier("m2"),
    "M2, 16 components": make_classifier("m2", 16),
    "SDGM": make_classifier("sdgm"),
    "SDGM, 16 components": make_classifier("sdgm", 16),
    "committee": make_classifier("committee"),
    "committee, 16 components": make_classifier("committee", 16),
    "confident rows, linear": label_first(0.8),
    "confident rows, M2s and linear": use_confident(0.8),
}
TRIALS: dict[str, Classify] = {
    **{f"logistic regression, C {c}": use_labels(c) for c in (0.03, 0.1, 0.3, 1.0)},
    **{
        f"self-training, C {c}, threshold {t}": train_itself(c, t)
        for c in (0.1, 0.3, 1.0)
        for t in (0.8, 0.9, 0.95)
    },
    "label spreading, 10 neighbours": spread_labels,
    **{f"confident rows, linear, share {s}": label_first(s) for s in (0.3, 0.5, 0.8)},
    "the same, told how frequent classes are where they are unequal": label_first(0.8, UNEQUAL),
}


def measure(
    pictures: Pictures, methods: Mapping[str, Classify], labels: int, draws: range, rare: bool
) -> dict[str, dict[str, list[float]]]:
    """Accuracy, nats and seconds of each method and draw."""
    found = {name: {"accuracy": [], "log_loss": [], "seconds": []} for name in methods}
    for draw in draws:
        y = hide_labels(pictures.y, labels, draw)
        kept = np.arange(len(y))
        new = np.arange(len(pictures.y_new))
        if rare:
            kept = np.union1d(make_rare(pictures.y), np.flatnonzero(y >= 0))
            new = make_rare(pictures.y_new)
        features, y, y_new = pictures.x[kept], y[kept], pictures.y_new[new]
        components = fit_components(features, y, widths=(WIDTH,))
        x, x_new = (
            components.transform(f).astype(np.float64) for f in (features, pictures.x_new[new])
        )
        for name, classify in methods.items():
            start = time.process_time()
            probs = classify(x, y, x_new, draw)
            seconds = time.process_time() - start
            own = np.maximum(probs[np.arange(len(y_new)), y_new], 1e-6)
            right = float((probs.argmax(1) == y_new).mean())
            for key, value in (
                ("accuracy", right),
                ("log_loss", float(-np.log(own).mean())),
                ("seconds", seconds),
            ):
                found[name][key].append(value)
            print(labels, rare, draw, name, f"{right:.3f} {seconds:.1f} s", flush=True)
    return found


def summarise(found: Mapping[str, Mapping[str, list[float]]]) -> dict[str, Any]:
    """Means and 95 % intervals over draws, and gains over self-training."""
    peer = np.array(found[SELF_TRAINING]["accuracy"]) if SELF_TRAINING in found else None
    summary: dict[str, Any] = {}
    for name, each in found.items():
        accuracy = np.array(each["accuracy"])
        summary[name] = {
            "accuracy": average(accuracy),
            "log_loss": average(np.array(each["log_loss"])),
            "seconds": round(float(np.median(each["seconds"])), 2),
            "draws": [round(a, 4) for a in accuracy],
        }
        if peer is not None and name != SELF_TRAINING:
            summary[name]["over self-training"] = average(accuracy - peer)
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True, help="the JSON to write")
    parser.add_argument("--develop", action="store_true", help="trials, on rows put aside")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--rows", type=int, default=6000, help="pictures to learn from")
    parser.add_argument("--new", type=int, default=2000, help="pictures to measure on")
    options = parser.parse_args()
    pictures, seconds = load_pictures(options.develop, options.rows, options.new)
    draws = range(options.draws)
    methods = TRIALS if options.develop else METHODS
    scores = {
        f"{labels} labels a class{', unequal classes' * rare}": summarise(
            measure(pictures, methods, labels, draws, rare)
        )
        for rare in ((False, True) if options.develop else (False,))
        for labels in (4, 10)
    }
    about = {
        "command": " ".join(["python", "benchmarks/pretrained_features.py", *sys.argv[1:]]),
        "rows": {"training": len(pictures.y), "measured": len(pictures.y_new), "width": WIDTH},
        "features_seconds": round(seconds, 1),
        "draws": list(draws),
        "hardware": describe_hardware("cpu"),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "versions": {name: version(name) for name in ("torch", "scikit-learn", "numpy")},
    }
    options.out.write_text(json.dumps({**about, "scores": scores}, indent=2) + "\n")


if __name__ == "__main__":
    main()
