"""VAEs and likelihood families against closed forms."""

from __future__ import annotations

from itertools import pairwise
from math import pi

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from auxgen.builders import Likelihood, Recipe
from auxgen.functional.bounds import log_mean_exp, marginal_bound, weight_prior
from auxgen.functional.schedules import constant
from auxgen.method import Gradient
from auxgen.methods.vae import VAE
from auxgen.networks.distributions import (
    Conditional,
    FixedScaleNormal,
    FreeScaleNormal,
    LearnedScaleNormal,
    bernoulli,
    bounded_normal,
    diag_normal,
)
from auxgen.networks.priors import StandardNormal

WEIGHT = torch.tensor([[1.2, 0.0], [0.0, -0.7], [0.8, 0.0]], dtype=torch.float64)
"""Columns are orthogonal, so the posterior of z has a diagonal covariance."""
STD = 0.6


class Down(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        return z @ WEIGHT.T


class Posterior(nn.Module):
    """Mean and log std of p(z|x), the latter widened by `slack`."""

    def __init__(self, slack: float) -> None:
        super().__init__()
        self.slack = slack

    def forward(self, x: Tensor) -> Tensor:
        variance = 1 / (1 + WEIGHT.square().sum(0) / STD**2)
        mean = variance * (x @ WEIGHT) / STD**2
        return torch.cat((mean, (variance.sqrt().log() + self.slack).expand_as(mean)), -1)


def linear_gaussian(slack: float = 0.0) -> VAE:
    return VAE(
        q_z=Conditional(Posterior(slack), diag_normal),
        p_z=StandardNormal(2).double(),
        p_x=Conditional(Down(), FixedScaleNormal(STD)),
        warm_up=constant,
    )


def exact(x: Tensor) -> Tensor:
    cov = WEIGHT @ WEIGHT.T + STD**2 * torch.eye(3, dtype=torch.float64)
    return MultivariateNormal(torch.zeros(3, dtype=torch.float64), cov).log_prob(x)


def rows(n: int = 5) -> Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_every_weight_is_the_exact_likelihood_at_the_exact_posterior() -> None:
    x = rows()
    torch.testing.assert_close(linear_gaussian().log_weights(x, 6), exact(x).expand(6, -1))


def test_the_elbo_is_the_exact_likelihood_at_the_exact_posterior() -> None:
    torch.manual_seed(0)
    x = rows(1)
    found = linear_gaussian().elbo(x.expand(20_000, 3))
    assert abs(found.mean() - exact(x)) < 4 * found.std() / 20_000**0.5


def test_the_importance_bound_rises_with_k_towards_the_likelihood() -> None:
    torch.manual_seed(0)
    x = rows(3)
    log_w = linear_gaussian(slack=0.7).log_weights(x, 40_000)
    bounds = [
        torch.stack([log_mean_exp(part) for part in log_w.split(k)]).mean() for k in (1, 4, 16, 64)
    ]
    assert all(a < b for a, b in pairwise(bounds))
    torch.testing.assert_close(log_mean_exp(log_w), exact(x), atol=0.02, rtol=0)


@pytest.mark.parametrize("family", ["fixed", "learned", "free", "head"])
def test_a_gaussian_likelihood_keeps_its_normalising_constant(family: str) -> None:
    mean, x, std = torch.randn(2, 4), torch.randn(2, 4), 0.3
    families = {
        "fixed": FixedScaleNormal(std),
        "learned": LearnedScaleNormal(std),
        "free": FreeScaleNormal(4, std),
        "head": lambda m: bounded_normal(torch.cat((m, torch.full_like(m, std).log()), -1)),
    }
    expected = -0.5 * (((x - mean) / std) ** 2 + torch.tensor(2 * pi * std**2).log()).sum(-1)
    torch.testing.assert_close(families[family](mean).log_prob(x), expected)


def test_a_free_scale_is_one_per_pixel_and_learns_the_residuals() -> None:
    torch.manual_seed(0)
    spread = torch.tensor([0.2, 1.0, 3.0])
    x = spread * torch.randn(4000, 3)
    family = FreeScaleNormal(3)
    optimizer = torch.optim.Adam(family.parameters(), 0.05)
    for _ in range(300):
        optimizer.zero_grad()
        (-family(torch.zeros(4000, 3)).log_prob(x).mean()).backward()
        optimizer.step()
    torch.testing.assert_close(
        family.log_std.exp().detach(), x.square().mean(0).sqrt(), rtol=1e-2, atol=0
    )


def test_a_bernoulli_of_extreme_logits_is_finite() -> None:
    log_p = bernoulli(torch.tensor([[1e4, -1e4]])).log_prob(torch.tensor([[0.0, 1.0]]))
    assert torch.isfinite(log_p).all()
    torch.testing.assert_close(log_p, torch.tensor([-2e4]))


def test_densities_are_float32_under_bf16() -> None:
    method = Recipe("vae", {"x": 4, "hidden": [8], "z": 2}).build()
    with torch.autocast("cpu", torch.bfloat16):
        move = next(method.round(torch.zeros(3, 4), torch.tensor(0)))
    assert isinstance(move, Gradient)
    assert move.loss.dtype == torch.float32


@pytest.mark.parametrize(
    "likelihood", ["bernoulli", "gaussian", "gaussian_fixed", "gaussian_scalar", "gaussian_pixel"]
)
def test_the_loss_is_the_negative_elbo(likelihood: Likelihood) -> None:
    torch.manual_seed(0)
    method = Recipe("vae", {"x": 4, "hidden": [8], "z": 2, "likelihood": likelihood}).build()
    assert isinstance(method, VAE)
    x = torch.rand(6, 4).round()
    torch.manual_seed(1)
    move = next(method.round(x, torch.tensor(0)))
    torch.manual_seed(1)
    assert isinstance(move, Gradient)
    torch.testing.assert_close(move.loss, -method.elbo(x).mean())


def test_the_label_summed_out_under_its_exact_posterior_is_the_marginal() -> None:
    each = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(marginal_bound(each.log_softmax(-1), each), each.logsumexp(-1))


def test_the_weight_prior_is_a_standard_normal_up_to_its_constant() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    weights = torch.cat([layer.weight.flatten() for layer in net])  # pyright: ignore
    normal = torch.distributions.Normal(0.0, 1.0)
    expected = -(normal.log_prob(weights) - normal.log_prob(torch.zeros_like(weights))).sum()
    torch.testing.assert_close(weight_prior(net), expected)
    (3.0 * weight_prior(net)).backward()
    for parameter in net.parameters():
        if parameter.ndim > 1:
            assert parameter.grad is not None
            assert torch.equal(parameter.grad, 3.0 * parameter)
        else:
            assert parameter.grad is None
