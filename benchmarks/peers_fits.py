"""A fit on a table with few labels beside classifiers of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from interleaving import Comparison
from peers_sizes import Sizes
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from auxgen.estimators import SemiSupervisedClassifier


def compare_fits(sizes: Sizes) -> Comparison:
    """Our classifiers beside those of scikit-learn that learn from rows without a label as well.

    Its perceptron, of the labelled rows alone, plays as many rounds as our M2.
    """
    rows, columns, labels, rounds = sizes.table
    made: Any = make_classification(
        2 * rows, columns, n_informative=columns // 2, n_classes=3, random_state=0
    )
    x, y = StandardScaler().fit_transform(made[0]), made[1]
    given = np.where(np.arange(rows) < labels, y[:rows], -1)
    hidden = (200, 200)
    training: Any = {"batch_size": labels, "max_iter": rounds, "n_iter_no_change": rounds}
    perceptron = MLPClassifier(hidden, random_state=0, **training)
    forest: Any = SelfTrainingClassifier(RandomForestClassifier(random_state=0))
    alone = SemiSupervisedClassifier(model="m2", hidden=hidden, steps=rounds, random_state=0)
    makers: dict[str, tuple[Any, bool]] = {
        "scikit-learn's self-training of a random forest": (forest, False),
        "scikit-learn's label spreading": (LabelSpreading(kernel="knn"), False),
        f"scikit-learn's perceptron, {rounds} rounds": (perceptron, True),
        f"ours, M2 alone, {rounds} rounds": (alone, False),
        "ours, the default committee": (SemiSupervisedClassifier(random_state=0), False),
    }
    accuracy: dict[str, list[float]] = {name: [] for name in makers}

    def fit(name: str, estimator: Any, labelled_alone: bool) -> None:
        seen = slice(labels if labelled_alone else rows)
        estimator.fit(x[:rows][seen], given[seen])
        accuracy[name].append(float((estimator.predict(x[rows:]) == y[rows:]).mean()))

    ways: dict[str, Callable[[], object]] = {
        name: partial(fit, name, *maker) for name, maker in makers.items()
    }
    return Comparison(
        f"A fit and a prediction on {rows:,} rows of {columns} columns each, 3 classes, {labels} "
        "labels",
        ways,
        reference=next(iter(ways)),
        rounds=0,
        accuracy=accuracy,
    )
