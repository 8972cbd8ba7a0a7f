"""Distributions of one number: closed forms of scipy, sums, quadrature, and draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats as scipy_stats
from scipy.integrate import quad
from torch import Tensor
from torch.distributions import Distribution

from auxgen.networks.scalars import (
    DiscretizedLogistic,
    TruncatedNormal,
    ZeroInflated,
    negative_binomial,
    poisson,
)

stats: Any = scipy_stats  # its types are too narrow


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


COUNTS = {
    "poisson": (poisson(number(3.2)), stats.poisson(3.2)),
    "negative_binomial": (
        negative_binomial(number(3.2), number(0.4)),
        stats.nbinom(np.exp(0.4), np.exp(0.4) / (np.exp(0.4) + 3.2)),
    ),
}
LOCATIONS = [(-2.0, -1.0), (0.3, -2.0), (0.5, 1.5), (1.4, -1.5), (4.0, -3.0), (-3.0, -4.0)]
"""Of Gaussians in [0, 1], with log scales: inside, broad, and far outside on both sides."""


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("inflated", [False, True])
def test_counts_are_those_of_scipy(name: str, inflated: bool) -> None:
    counts, theirs = COUNTS[name]
    share = 0.3 if inflated else 0.0
    ours = ZeroInflated(counts, torch.logit(number(share))) if inflated else counts
    k = np.arange(400)
    expected = (1 - share) * theirs.pmf(k) + share * (k == 0)
    found = ours.log_prob(torch.from_numpy(k).double()).exp().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-13)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert float(ours.mean) == pytest.approx((1 - share) * theirs.mean())
    assert_draws_fit(ours, lambda x: (1 - share) * theirs.cdf(x) + share)


def test_a_mean_of_zero_gives_no_counts_and_finite_numbers() -> None:
    for counts in (poisson(number(0.0)), negative_binomial(number(0.0), number(0.0))):
        assert float(counts.log_prob(number(0.0))) == pytest.approx(0, abs=1e-5)
        assert counts.log_prob(number(7.0)).isfinite()


@pytest.mark.parametrize(("location", "log_scale"), [(2.3, -1.0), (-4.0, 0.5), (5.0, 4.0)])
def test_levels_are_differences_of_a_logistic_distribution_function(
    location: float, log_scale: float
) -> None:
    top, theirs = 4, stats.logistic(location, np.exp(log_scale))
    ours = DiscretizedLogistic(number(location), number(log_scale), number(float(top)))
    ends = theirs.cdf(np.arange(top) + 0.5)
    expected = np.diff(ends, prepend=0, append=1)
    found = ours.log_prob(torch.arange(top + 1).double()).exp().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert float(ours.mean) == pytest.approx((expected * np.arange(top + 1)).sum())
    assert_draws_fit(ours, lambda x: np.cumsum(expected)[np.clip(x, 0, top).astype(int)])


def test_a_level_far_from_the_location_has_a_finite_density_and_gradient() -> None:
    location = torch.tensor(-50.0, requires_grad=True)
    log_scale = torch.tensor(-4.0, requires_grad=True)
    each = DiscretizedLogistic(location, log_scale, number(4.0)).log_prob(torch.arange(5.0))
    gradients = torch.autograd.grad(each.sum(), (location, log_scale))
    assert each.isfinite().all()
    assert all(g.isfinite() for g in gradients)


@pytest.mark.parametrize(("location", "log_scale"), LOCATIONS)
def test_a_gaussian_in_an_interval_is_that_of_scipy(location: float, log_scale: float) -> None:
    scale = np.exp(log_scale)
    theirs = stats.truncnorm(-location / scale, (1 - location) / scale, location, scale)
    ours = TruncatedNormal(number(location), number(log_scale))
    x = np.linspace(0, 1, 9)
    found = ours.log_prob(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, theirs.logpdf(x), rtol=1e-7, atol=1e-7)
    mass = quad(lambda v: float(ours.log_prob(number(v)).exp()), 0, 1, points=[0.001, 0.05, 0.95])
    assert mass[0] == pytest.approx(1, abs=1e-6)
    assert float(ours.mean) == pytest.approx(theirs.mean(), abs=1e-6)
    drawn = ours.sample(torch.Size((5000,)))
    assert stats.kstest(drawn.numpy(), theirs.cdf).pvalue > 1e-3


def assert_draws_fit(ours: Distribution, cdf) -> None:
    """Shares of 20,000 draws up to each number are those of the distribution function."""
    drawn = ours.sample(torch.Size((20_000,))).numpy()
    for k in np.unique(drawn)[:12]:
        assert (drawn <= k).mean() == pytest.approx(float(cdf(k)), abs=0.015)
