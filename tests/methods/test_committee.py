"""A committee says what its definition says of its members' probabilities."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch

from auxgen.builders import Recipe
from auxgen.estimators import SemiSupervisedClassifier
from auxgen.functional.bounds import log_mean_exp
from auxgen.methods.committee import Committee
from auxgen.methods.m2 import M2


def fit_committee() -> tuple[SemiSupervisedClassifier, Committee, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=120)
    x = rng.normal(size=(120, 4)) + 3 * np.eye(4)[truth]
    model = SemiSupervisedClassifier(steps=20, hidden=10, latent=2)
    model.fit(x, np.where(np.arange(120) < 20, truth, -1))
    return model, cast(Committee, model.model_.method), x


def test_probabilities_are_the_mean_of_all_at_a_temperature() -> None:
    model, method, x = fit_committee()
    rows = model.model_.space.transform(torch.from_numpy(x)).double()
    method = method.double()
    each = [cast(M2, m).classify(rows).probs for m in method.m2s.members]
    m2s = (torch.stack(each).mean(0) ** 0.5).double()  # at temperature 2
    m2s = m2s / m2s.sum(-1, keepdim=True)
    others = [other(rows) for other in method.others]
    mean = (2 * m2s + sum(others)) / 5
    expected = mean ** (1 / method.temperature)
    found = torch.from_numpy(model.predict_proba(x))
    torch.testing.assert_close(found, expected / expected.sum(-1, keepdim=True), atol=1e-5, rtol=0)


def test_the_density_is_that_of_its_m2s() -> None:
    _, method, x = fit_committee()
    rows = torch.from_numpy(x).float()[:5]
    torch.manual_seed(0)
    found = method.log_weights(rows, 3)
    torch.manual_seed(0)
    each = [cast(M2, m).log_weights(rows, 3) for m in method.m2s.members]
    torch.testing.assert_close(found, log_mean_exp(torch.stack(each)))
    assert method.sample(4).shape == method.sample(4, torch.zeros(4, dtype=torch.int64)).shape
    assert method.encode(rows).mean.shape == (5, 2)


def test_its_recipe_builds_it_again() -> None:
    model, method, _ = fit_committee()
    config = model.model_.config
    again = Recipe(config["builder"], config["arguments"]).build()
    again.load_state_dict(method.state_dict())
    assert isinstance(again, Committee)
    torch.testing.assert_close(again.temperature, method.temperature)
