"""The fit of a density known up to its constant, and the density itself, against quadrature."""

from __future__ import annotations

from dataclasses import replace
from math import log, pi

import pytest
import torch
from scipy.integrate import dblquad
from torch import Tensor, nn

from auxgen.builders import Recipe
from auxgen.data.toys import two_moded_energy, two_moded_log_z
from auxgen.functional.schedules import linear_ramp
from auxgen.method import Gradient
from auxgen.methods.density_fit import AuxiliaryFit
from auxgen.networks.distributions import Conditional, diag_normal
from auxgen.networks.mlp import (
    MLP,
    initialize_he_hidden,
    initialize_mean_spread,
    initialize_near_deterministic,
)


def test_the_energy_is_the_one_that_rezende_and_mohamed_print() -> None:
    z = torch.randn(50, 2, dtype=torch.float64)
    ring = 0.5 * ((z.square().sum(1).sqrt() - 2) / 0.4) ** 2
    sides = (-0.5 * ((z[:, 0] - 2) / 0.6) ** 2).exp() + (-0.5 * ((z[:, 0] + 2) / 0.6) ** 2).exp()
    torch.testing.assert_close(two_moded_energy(z), ring - sides.log())


def test_log_z_is_that_of_adaptive_quadrature() -> None:
    def density(b: float, a: float) -> float:
        return (-two_moded_energy(torch.tensor([a, b], dtype=torch.float64))).exp().item()

    quarter = dblquad(density, 0, 5, 0, 5, epsabs=1e-3, epsrel=1e-3)[0]
    assert two_moded_log_z() == pytest.approx(log(4 * quarter), abs=1e-3)
    assert two_moded_log_z() == pytest.approx(1.8775, abs=5e-5)


class Affine(nn.Module):
    """N(slope * given, std^2) of one dimension; given nothing, N(0, std^2)."""

    def __init__(self, slope: float, std: float) -> None:
        super().__init__()
        self.slope, self.log_std = slope, log(std)

    def forward(self, *given: Tensor) -> Tensor:
        mean = self.slope * given[0] if given else torch.zeros(1, dtype=torch.float64)
        return torch.cat((mean, torch.full_like(mean, self.log_std)), -1)


def make_exact_fit() -> AuxiliaryFit:
    """U(z) = z^2 / 2, q(a) = N(0, 1), q(z|a) = N(0.8 a, 0.6^2), so q(z) = N(0, 1)."""
    return AuxiliaryFit(
        q_a=Conditional(Affine(0.0, 1.0), diag_normal),
        q_z=Conditional(Affine(0.8, 0.6), diag_normal),
        p_a=Conditional(Affine(0.8, 0.6), diag_normal),
        energy=lambda z: z.square().sum(-1) / 2,
        draws=5,
        cooling=lambda step: torch.ones(()),
    )


def test_every_weight_is_z_where_the_posterior_of_a_is_exact() -> None:
    method = make_exact_fit()
    expected = torch.full((9,), 0.5 * log(2 * pi), dtype=torch.float64)
    torch.testing.assert_close(method.log_weights(9), expected)


@pytest.mark.parametrize("a", [0, 3])
def test_the_mean_weight_is_z_for_any_posterior(a: int) -> None:
    """Within four standard errors of 100,000 draws, with broad q."""
    torch.manual_seed(0)
    method = Recipe("auxiliary_fit", {"a": a, "spread": 0.5}).build()
    assert isinstance(method, AuxiliaryFit)
    with torch.no_grad():
        for parameter in method.p_a.parameters():
            parameter.mul_(0.1)
        if a:
            method.q_z.network.head.bias[2:] = 0.7  # pyright: ignore
        else:
            method.q_z.network.values[2:] = 0.7  # pyright: ignore
    ratio = (method.log_weights(100_000).double() - two_moded_log_z()).exp()
    error = ratio.std() / 100_000**0.5
    assert error < 0.1
    assert abs(ratio.mean() - 1) < 4 * error


def test_without_an_auxiliary_variable_the_weight_is_that_of_one_gaussian() -> None:
    method = Recipe("auxiliary_fit", {"a": 0, "spread": 0.0, "log_std": 0.0}).build()
    assert isinstance(method, AuxiliaryFit)
    torch.manual_seed(1)
    z = torch.randn(6, 2)
    q_z = torch.distributions.Normal(0.0, 1.0)
    torch.manual_seed(1)
    expected = -two_moded_energy(z) - q_z.log_prob(z).sum(-1)
    torch.testing.assert_close(method.log_weights(6), expected)


def test_means_start_about_0_with_the_given_spread() -> None:
    torch.manual_seed(0)
    a = torch.randn(5000, 4)
    network = initialize_mean_spread(
        initialize_he_hidden(MLP([4], [20, 20], 6)), a, std=2.0, log_std=-1.5
    )
    mean, log_std = network(a).detach().chunk(2, -1)
    torch.testing.assert_close(mean.mean(0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(mean.std(0), torch.full((3,), 2.0), atol=1e-4, rtol=0)
    assert (log_std + 1.5).abs().max() < 1.0


@pytest.mark.parametrize(
    ("start", "expected"), [(0.2, [0.2, 0.6, 1.0, 1.0]), (3.0, [3.0, 2.0, 1.0, 1.0])]
)
def test_a_weight_rises_from_its_start_to_1(start: float, expected: list[float]) -> None:
    at = [linear_ramp(torch.tensor(step), 10, start).item() for step in (0, 5, 10, 20)]
    assert at == pytest.approx(expected)
    assert linear_ramp(torch.tensor(0), 0, start).item() == 1
    assert linear_ramp(torch.tensor(5), 10, start, 3.0).item() == pytest.approx((start + 3) / 2)


def test_a_narrowed_head_starts_near_its_log_std_and_keeps_its_means_in_proportion() -> None:
    torch.manual_seed(0)
    x = torch.randn(1000, 4)
    network = MLP([4], [20, 20], 6)
    before = network(x).detach()[:, :3] - network.head.bias[:3]
    mean, log_std = initialize_near_deterministic(network, log_std=-2.0)(x).detach().chunk(2, -1)
    torch.testing.assert_close(mean - network.head.bias[:3], 3 * before)
    assert (log_std + 2).abs().max() < 0.2


@pytest.mark.slow
def test_both_modes_are_found_with_the_auxiliary_variable_and_one_without() -> None:
    from auxgen.engine.loop import Training
    from auxgen.experiments.adgm.budgets import POTENTIAL_PLAN
    from auxgen.experiments.adgm.toys import potential, score_lesser_mode, score_log_z_bound

    found = {}
    for a in (0, 4):
        torch.manual_seed(100)
        stage = potential(replace(POTENTIAL_PLAN, a=a), seed=100)["fit"]
        training = Training(stage.method, stage.engine, seed=100)
        for _ in range(stage.engine.steps):
            training.run_round(None)
        method = training.build_averaged_method(iter(lambda: None, 0)).eval()
        assert isinstance(method, AuxiliaryFit)
        found[a] = score_log_z_bound(method).value, score_lesser_mode(method).value
    assert 1.3 < found[4][0] < two_moded_log_z()
    assert found[4][1] > 30
    assert found[0][0] == pytest.approx(0.98, abs=0.02)
    assert found[0][1] < 1


class Free(nn.Module):
    """N(mean, 1) of one dimension."""

    def __init__(self, mean: float) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.tensor([mean], dtype=torch.float64))

    def forward(self) -> Tensor:
        return torch.cat((self.mean, torch.zeros_like(self.mean)), -1)


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_gradient_of_a_round_is_its_closed_form(weight: float) -> None:
    """U(z) = z^2 / 2, q(a) = N(m, 1), q(z|a) = N(0.8 a, 0.6^2), p(a|z) = N(0.8 z, 0.6^2).

    E U = (0.64 m^2 + 1) / 2, and a - 0.8 z has mean 0.36 m, so that -E log p(a|z) has the gradient
    0.36 m; the entropies do not depend on m.
    """
    torch.manual_seed(0)
    free = Free(1.5)
    method = AuxiliaryFit(
        q_a=Conditional(free, diag_normal),
        q_z=Conditional(Affine(0.8, 0.6), diag_normal),
        p_a=Conditional(Affine(0.8, 0.6), diag_normal),
        energy=lambda z: z.square().sum(-1) / 2,
        draws=200_000,
        cooling=lambda step: torch.full_like(step, weight, dtype=torch.float64),
    )
    move = next(iter(method.round(None, torch.tensor(0))))
    assert isinstance(move, Gradient)
    (gradient,) = torch.autograd.grad(move.loss, [free.mean])
    assert gradient.item() == pytest.approx((0.64 * weight + 0.36) * 1.5, abs=0.01)
    assert move.loss.item() == pytest.approx(
        weight * move.terms["energy"].item() - move.terms["entropy"].item()
    )


def test_draws_are_of_the_density_and_carry_no_gradient() -> None:
    """q(a) = N(0, 1) and q(z|a) = N(0.8 a, 0.6^2), so that q(z) = N(0, 1)."""
    torch.manual_seed(0)
    method = Recipe("auxiliary_fit", {"a": 3, "spread": 0.5}).build()
    assert isinstance(method, AuxiliaryFit)
    assert method.compute_bound_terms(4)[0].requires_grad
    assert not method.sample(4).requires_grad
    exact = make_exact_fit()
    z = exact.sample(20_000)
    assert z.shape == (20_000, 1)
    assert z.mean().item() == pytest.approx(0, abs=0.03)
    assert z.var().item() == pytest.approx(1, rel=0.04)
