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
from auxgen.networks.classic import fill_buffers


def fit_committee() -> tuple[SemiSupervisedClassifier, Committee, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=120)
    x = rng.normal(size=(120, 4)) + 3 * np.eye(4)[truth]
    model = SemiSupervisedClassifier(steps=20, hidden=10, latent=2)
    model.fit(x, np.where(np.arange(120) < 20, truth, -1))
    return model, cast(Committee, model.model_.method), x


def mix_by_definition(method: Committee, rows: torch.Tensor) -> torch.Tensor:
    """Members at their temperatures, their weighted mean at its own, times the odds: (b, k)."""
    each = [cast(M2, m).classify(rows).probs for m in method.m2s.members]
    voices = [torch.stack(each).mean(0), *(other(rows) for other in method.others)]
    mean = torch.zeros_like(voices[0])
    for voice, weight, t in zip(voices, method.weights, method.temperatures, strict=True):
        power = voice ** (1 / t)
        mean += weight * power / power.sum(-1, keepdim=True)
    product = mean ** (1 / method.temperature) * method.log_odds.exp()
    return product / product.sum(-1, keepdim=True)


def test_probabilities_are_a_mean_at_temperatures_times_odds() -> None:
    model, method, x = fit_committee()
    rows = model.model_.space.transform(torch.from_numpy(x)).double()
    expected = mix_by_definition(method.double(), rows)
    torch.testing.assert_close(
        torch.from_numpy(model.predict_proba(x)), expected, atol=1e-5, rtol=0
    )
    assert len(method.m2s.members) == 4
    assert (method.log_odds != 0).any()


def test_without_knots_m2s_have_a_fixed_weight_and_temperature() -> None:
    """As of artefacts in which only the temperature was fitted."""
    sizes = {"members": 2, "x": 4, "classes": 3, "hidden": [5], "z": 2, "alpha": 1.0}
    rest = {"prior_rows": 9, "trees": 1, "nodes": 1, "components": 1, "directions": 4}
    fixed = {"m2s_weight": 2.0, "m2s_temperature": 2.0}
    method = cast(Committee, Recipe("committee", {**sizes, **rest, **fixed}).build()).double()
    names = set(method.state_dict())
    assert "temperature" in names
    assert not names & {"weights", "temperatures", "log_odds"}
    fill_buffers(method, temperature=0.7)
    fill_buffers(method.others[1], leaves=[[0.2, 0.3, 0.5]])
    fill_buffers(method.others[2], whitening=torch.eye(4), names=[[0.6, 0.3, 0.1]])
    rows = torch.randn(6, 4, dtype=torch.float64)
    each = [cast(M2, m).classify(rows).probs for m in method.m2s.members]
    m2s = torch.stack(each).mean(0).sqrt()
    voices = 2 * m2s / m2s.sum(-1, keepdim=True) + sum(other(rows) for other in method.others)
    expected = (voices / 5) ** (1 / 0.7)
    expected = expected / expected.sum(-1, keepdim=True)
    torch.testing.assert_close(method.classify(rows).probs, expected)


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


def build_small() -> Committee:
    """Two M2s and classic members that heed their rows."""
    torch.manual_seed(0)
    sizes = {"members": 2, "x": 4, "classes": 3, "hidden": [5], "z": 2, "alpha": 1.0}
    rest = {"prior_rows": 9, "trees": 1, "nodes": 1, "components": 1, "directions": 4}
    method = cast(Committee, Recipe("committee", {**sizes, **rest}).build()).double()
    fill_buffers(method.others[1], leaves=[[0.2, 0.3, 0.5]])
    fill_buffers(method.others[2], whitening=torch.eye(4), names=[[0.6, 0.3, 0.1]])
    linear = method.others[0]
    fill_buffers(linear, weight=torch.randn(3, 4, dtype=torch.float64))
    return method.eval()


def test_classic_members_take_the_mean_for_what_is_unknown() -> None:
    """Rows are standardised, so that the mean is 0; the M2s know what is unknown themselves."""
    method = build_small()
    rows = torch.randn(6, 4, dtype=torch.float64)
    rows[0, 1] = rows[3] = torch.nan
    m2s = torch.stack([cast(M2, m).classify(rows).probs for m in method.m2s.members]).mean(0)
    voices = [m2s, *(other(rows.nan_to_num(0.0)) for other in method.others)]
    expected = sum(w * v for w, v in zip(method.weights, voices, strict=True))
    torch.testing.assert_close(method.classify(rows).probs, expected)


def test_codes_are_those_of_the_first_m2() -> None:
    method = build_small()
    first = cast(M2, method.m2s.members[0])
    rows, y = torch.randn(6, 4, dtype=torch.float64), torch.arange(6) % 3
    z = torch.randn(6, 2, dtype=torch.float64)
    torch.testing.assert_close(method.encode(rows).mean, first.encode(rows).mean)
    torch.testing.assert_close(method.decode(z, y).mean, first.decode(z, y).mean)
    torch.manual_seed(0)
    found, p_x = method.weigh_draws(rows, 3)
    torch.manual_seed(0)
    expected, theirs = first.weigh_draws(rows, 3)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(p_x.mean, theirs.mean)
