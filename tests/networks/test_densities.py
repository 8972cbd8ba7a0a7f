"""Densities of codes that are no flows: a mixture and a second VAE."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal
from zuko.mixtures import GMM

from auxgen.errors import InputError
from auxgen.functional.bounds import log_mean_exp
from auxgen.networks.densities import SecondVAE, initialize_mixture, log_density, make_density


def mixture() -> MixtureSameFamily:
    """Three Gaussians in the plane, of different weights and shapes."""
    means = torch.tensor([[-4.0, 0.0], [3.0, 3.0], [2.0, -4.0]])
    covariances = torch.tensor(
        [[[1.0, 0.6], [0.6, 0.5]], [[0.3, 0.0], [0.0, 2.0]], [[0.8, -0.3], [-0.3, 0.4]]]
    )
    parts = MultivariateNormal(means, covariances)
    return MixtureSameFamily(Categorical(torch.tensor([0.5, 0.3, 0.2])), parts)


def draws(n: int) -> Tensor:
    torch.manual_seed(0)
    return mixture().sample((n,))


def test_a_mixture_starts_where_expectation_maximisation_ends() -> None:
    u = draws(4000)
    made = make_density("mixture", 2, components=3)
    assert isinstance(made, GMM)
    initialize_mixture(made, u)
    assert (made().log_prob(u).mean() - mixture().log_prob(u).mean()).abs() < 0.01


def test_a_mixture_that_is_given_a_context_starts_near_there_for_every_context() -> None:
    u = draws(2000)
    torch.manual_seed(0)
    made = make_density("mixture", 2, 3, components=3, hidden_features=[8])
    assert isinstance(made, GMM)
    initialize_mixture(made, u)
    for y in torch.eye(3):
        found = made(y.expand(2000, 3)).log_prob(u).mean()
        assert (found - mixture().log_prob(u).mean()).abs() < 0.05


def test_a_mixture_learns_by_descent() -> None:
    u = draws(1000)
    torch.manual_seed(1)
    made = make_density("mixture", 2, components=3)
    before = made().log_prob(u).mean()
    optimizer = torch.optim.Adam(made.parameters(), 0.05)
    for _ in range(100):
        optimizer.zero_grad()
        (-made().log_prob(u).mean()).backward()
        optimizer.step()
    assert made().log_prob(u).mean() > before + 0.5


def second(context: int = 0) -> SecondVAE:
    torch.manual_seed(2)
    made = SecondVAE(2, context, [6], gamma=0.4).double()
    for parameter in made.p_u.network.parameters():
        nn.init.normal_(parameter, std=0.5)
    return made


def by_quadrature(of: SecondVAE, u: Tensor, y: Tensor | None = None) -> Tensor:
    """log of the sum over a grid of v of p(v) p(u|v): u (n, 2) -> (n,)."""
    line = torch.linspace(-5, 5, 61, dtype=torch.float64)
    v = torch.cartesian_prod(line, line).unsqueeze(1)
    log_p = of.p_v().log_prob(v) + of.p_u(v, y).log_prob(u)
    return log_p.logsumexp(0) + 2 * (line[1] - line[0]).log()


@pytest.mark.parametrize("context", [0, 1])
@torch.no_grad()
def test_the_second_vae_s_density_is_unbiased_and_its_log_is_below(context: int) -> None:
    of = second(context)
    u = torch.tensor([[0.3, -0.2], [0.8, 0.5]], dtype=torch.float64)
    y = torch.full((2, 1), 0.7, dtype=torch.float64) if context else None
    exact = by_quadrature(of, u, y)
    each = of(y).log_prob(u.expand(20_000, 2, 2))
    torch.testing.assert_close(log_mean_exp(each), exact, atol=0.1, rtol=0)
    assert (each.mean(0) < exact).all()


@torch.no_grad()
def test_draws_of_the_second_vae_follow_its_density() -> None:
    of = second()
    torch.manual_seed(0)
    u = of().sample((400,))
    line = torch.linspace(-6, 6, 37, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    log_p = torch.cat([by_quadrature(of, part) for part in grid.split(100)])
    weight = log_p.softmax(0)
    mean = (weight[:, None] * grid).sum(0)
    spread = (weight[:, None] * (grid - mean).square()).sum(0).sqrt()
    assert ((u.mean(0) - mean).abs() < 4 * spread / 20).all()
    torch.testing.assert_close(u.std(0), spread, rtol=0.15, atol=0)


def test_densities_are_float32_under_bf16() -> None:
    torch.manual_seed(0)
    u = torch.randn(50, 4)
    for kind, sizes in (
        ("affine", {"transforms": 2, "hidden": [8]}),
        ("mixture", {"components": 3}),
    ):
        made = make_density(kind, 4, **sizes)  # pyright: ignore
        with torch.autocast("cpu", torch.bfloat16):
            found = log_density(made(), u.bfloat16())
        assert found.dtype == torch.float32
        assert torch.equal(found, made().log_prob(u.bfloat16().float()))


def test_an_unknown_density_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean 'mixture'"):
        make_density("mixtures", 2)  # pyright: ignore
