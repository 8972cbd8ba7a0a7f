"""Classifiers as modules say what scikit-learn's say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

from auxgen.few_labels.parts import fit_forest, fit_logistic, fit_mixture
from auxgen.networks.classic import NamedMixture


def make_rows(classes: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = (np.asarray(part) for part in load_wine(return_X_y=True))
    x = ((x - x.mean(0)) / x.std(0)).astype(np.float32)[y < classes]
    y = y[y < classes]
    return x, np.where(np.arange(len(y)) % 6 == 0, y, -1)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_logistic_regression_and_forest_are_scikit_learn_s(classes: int, weighted: bool) -> None:
    x, y = make_rows(classes)
    known = y >= 0
    weights = np.random.default_rng(0).random(len(y)) + 0.5 if weighted else None
    own = None if weights is None else weights[known]
    theirs = LogisticRegression(max_iter=500).fit(x[known], y[known], own).predict_proba(x)
    np.testing.assert_allclose(fit_logistic(x, y, 0, weights).predict(x), theirs, atol=1e-6)
    forest = RandomForestClassifier(100, random_state=0, oob_score=True)
    theirs = forest.fit(x[known], y[known], own).predict_proba(x)
    np.testing.assert_allclose(fit_forest(x, y, 0, weights).predict(x), theirs, atol=1e-12)


@pytest.mark.parametrize("columns", [4, 13])
def test_components_are_scikit_learn_s(columns: int) -> None:
    x, y = make_rows(3)
    x = x[:, :columns]
    rows = PCA(10, random_state=0).fit(x).transform(x) if columns > 10 else x
    theirs = GaussianMixture(6, reg_covar=1e-2, random_state=0).fit(rows).predict_proba(rows)
    network = fit_mixture(x, y, 0).network
    assert isinstance(network, NamedMixture)
    found = network.weigh_components(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, theirs, atol=1e-4)
