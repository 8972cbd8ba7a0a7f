"""Langevin chains against quadrature, closed forms and known autocorrelations."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from functools import partial
from math import log10

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import Tensor
from torch.distributions import Bernoulli, Normal

from auxgen.errors import InputError
from auxgen.functional.langevin import (
    Chains,
    chain_effective_sample_size,
    conditional_energy,
    run_langevin_chains,
)

TABLE = {
    1.0: (0.4132, 0.9106, 0.6747),
    2.0: (0.6057, 0.7957, 0.7778),
    4.0: (0.7295, 0.6840, 0.8711),
    8.0: (0.7784, 0.6278, 0.9320),
}
"""|w|: mean, standard deviation and share above 0 of sigmoid(|w| t) N(t; 0, 1), by quadrature."""


def weight(norm: float, d: int = 5) -> Tensor:
    w = torch.randn(1, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return norm * w / w.norm()


def energy(w: Tensor, y: float = 1.0):
    zeros = w.new_zeros(len(w))
    return partial(conditional_energy, weight=w, bias=zeros, y=zeros + y)


def moments(norm: float) -> tuple[float, float, float]:
    def integral(power: int, low: float) -> float:
        def density(t: float) -> float:
            return t**power * np.exp(-np.logaddexp(0, -norm * t) - t * t / 2)

        return quad(density, low, 12)[0]

    mass = integral(0, -12)
    mean = integral(1, -12) / mass
    return mean, (integral(2, -12) / mass - mean**2) ** 0.5, integral(0, 0) / mass


@pytest.mark.parametrize("norm", TABLE)
def test_the_table_is_what_quadrature_gives(norm: float) -> None:
    assert moments(norm) == pytest.approx(TABLE[norm], abs=3e-4)


@pytest.mark.slow
@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("norm", TABLE)
def test_chains_have_the_moments_of_quadrature(norm: float, corrected: bool) -> None:
    """4,096 chains, alpha = 0.01, 2,000 steps: within 0.03 along w, N(0, 1) across it."""
    torch.manual_seed(0)
    w = weight(norm)
    z = torch.randn(4096, 5, dtype=torch.float64)
    z = run_langevin_chains(energy(w), z, alpha=0.01, steps=2000, corrected=corrected).z
    t = z @ w[0] / norm
    found = (t.mean().item(), t.std().item(), (t > 0).double().mean().item())
    assert found == pytest.approx(TABLE[norm], abs=0.03)
    across = z - t[:, None] * w / norm
    assert across.square().sum(1).mean().item() == pytest.approx(4, abs=0.15)


def test_a_few_chains_have_the_moments_of_quadrature() -> None:
    torch.manual_seed(0)
    w = weight(4.0)
    z = torch.randn(1024, 5, dtype=torch.float64)
    chains = run_langevin_chains(energy(w), z, alpha=0.1, steps=150, corrected=True)
    t = chains.z @ w[0] / 4
    assert (t.mean().item(), t.std().item()) == pytest.approx(TABLE[4.0][:2], abs=0.06)
    assert 0.5 < chains.acceptance < 1


def test_the_energy_is_the_negative_log_density_but_for_a_constant() -> None:
    torch.manual_seed(0)
    z, w = torch.randn(7, 3, dtype=torch.float64), torch.randn(2, 3, dtype=torch.float64)
    b, y = torch.randn(2, dtype=torch.float64), torch.tensor([1.0, 0.0], dtype=torch.float64)
    log_p = Bernoulli(logits=z @ w.T + b).log_prob(y.expand(7, 2)).sum(-1)
    log_p = log_p + Normal(0.0, 1.0).log_prob(z).sum(-1)
    gaps = conditional_energy(z, weight=w, bias=b, y=y) + log_p
    torch.testing.assert_close(gaps, gaps[:1].expand(7))


def test_chains_run_where_gradients_are_off_too() -> None:
    torch.manual_seed(0)
    z, target = torch.randn(4, 5, dtype=torch.float64), energy(weight(2.0))
    with torch.inference_mode(), torch.random.fork_rng():
        off = run_langevin_chains(target, z, alpha=0.1, steps=3).z
    assert torch.equal(off, run_langevin_chains(target, z, alpha=0.1, steps=3).z)


def test_without_conditions_a_step_is_one_of_ornstein_and_uhlenbeck() -> None:
    """z' = (1 - alpha) z + sqrt(2 alpha) e, whose stationary variance is 1 / (1 - alpha / 2)."""
    torch.manual_seed(0)
    none = weight(1.0)[:0]
    z = torch.randn(20000, 5, dtype=torch.float64)
    wide = run_langevin_chains(energy(none), z, alpha=0.5, steps=30).z
    exact = run_langevin_chains(energy(none), z, alpha=0.5, steps=30, corrected=True).z
    assert wide.var().item() == pytest.approx(1 / 0.75, rel=0.03)
    assert exact.var().item() == pytest.approx(1, rel=0.03)


def test_what_is_accepted_keeps_detailed_balance() -> None:
    """From the target itself, one corrected step leads to the target, and its energy stays."""
    torch.manual_seed(0)
    none = weight(1.0)[:0]
    z = torch.randn(50000, 5, dtype=torch.float64)
    chains = run_langevin_chains(energy(none), z, alpha=0.8, steps=1, corrected=True)
    assert chains.acceptance < 0.95
    assert chains.z.square().sum(1).mean().item() == pytest.approx(5, abs=0.06)
    assert (chains.z != z).any(1).double().mean().item() == pytest.approx(chains.acceptance)
    torch.testing.assert_close(chains.trace[-1, :, 0], chains.z.square().sum(1) / 2)


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9])
def test_effective_size_of_an_autoregression(rho: float) -> None:
    """x' = rho x + e is worth n (1 - rho) / (1 + rho) draws."""
    torch.manual_seed(0)
    x = [torch.randn(40, dtype=torch.float64) / (1 - rho**2) ** 0.5]
    for _ in range(4999):
        x.append(rho * x[-1] + torch.randn(40, dtype=torch.float64))
    found = chain_effective_sample_size(torch.stack(x))
    assert found == pytest.approx(200_000 * (1 - rho) / (1 + rho), rel=0.1)


def test_chains_that_disagree_are_worth_little() -> None:
    torch.manual_seed(0)
    apart = torch.randn(500, 4) + 10 * torch.arange(4)
    assert chain_effective_sample_size(apart) < 10
    assert chain_effective_sample_size(torch.zeros(10, 3)) == 0
    z = torch.zeros(4, 1)
    assert Chains(z, 1.0, apart[..., None]).effective_draws < 3


def test_a_coordinate_is_worth_less_than_the_energy_and_what_is_worth_the_least_counts() -> None:
    """Steps of a Gaussian are autoregressions: rho is 1 - alpha for z, its square for |z|^2."""
    torch.manual_seed(0)
    alpha, none, z = 0.1, weight(1.0)[:0], torch.randn(64, 5, dtype=torch.float64)
    settings = {"alpha": alpha, "steps": 2000}
    of_energy = run_langevin_chains(energy(none), z, **settings).effective_draws
    of_z = run_langevin_chains(
        energy(none), z, **settings, observe=lambda z: z[:, :1]
    ).effective_draws
    of_both = run_langevin_chains(
        energy(none), z, **settings, observe=lambda z: torch.stack((z[:, 0], z.square().sum(1)), 1)
    ).effective_draws
    rho = 1 - alpha
    assert of_z == pytest.approx(1000 * (1 - rho) / (1 + rho), rel=0.1)
    assert of_energy == pytest.approx(1000 * (1 - rho**2) / (1 + rho**2), rel=0.1)
    assert of_both == pytest.approx(of_z, rel=0.1)


def test_long_steps_mix_better_than_short_ones() -> None:
    torch.manual_seed(0)
    z = torch.randn(64, 5, dtype=torch.float64)
    short, long = (
        run_langevin_chains(
            energy(weight(2.0)), z, alpha=alpha, steps=300, corrected=True
        ).effective_draws
        for alpha in (0.01, 0.3)
    )
    assert long > 5 * short


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"alpha": 0.0}, "step size is 0;"),
        ({"alpha": float("inf")}, "step size is inf;"),
        ({"alpha": float("nan")}, "step size is nan;"),
        ({"steps": 0}, "steps is 0; 1 or more"),
    ],
)
def test_settings_that_will_not_do_are_refused(wrong: dict[str, float], message: str) -> None:
    settings = {"alpha": 0.1, "steps": 5, **wrong}
    with pytest.raises(InputError, match=message):
        run_langevin_chains(energy(weight(1.0)), torch.zeros(2, 5), **settings)  # pyright: ignore


def test_every_proposal_counts_as_accepted_without_a_correction() -> None:
    chains = run_langevin_chains(
        energy(weight(1.0)), torch.zeros(3, 5).double(), alpha=0.1, steps=3
    )
    assert chains.acceptance == 1


def test_one_chain_has_an_effective_size_too() -> None:
    torch.manual_seed(0)
    assert 1000 < chain_effective_sample_size(torch.randn(2000, 1)) < 4000


def test_four_steps_are_enough_for_an_effective_size() -> None:
    assert chain_effective_sample_size(torch.randn(4, 3)) >= 0
    with pytest.raises(InputError, match="steps"):
        chain_effective_sample_size(torch.randn(3, 3))


def test_chains_are_themselves_alone() -> None:
    """Tensors have no one answer to whether they are equal."""
    one, other = (Chains(torch.zeros(4, 1), 1.0, torch.zeros(5, 4, 1)) for _ in range(2))
    assert one == one
    assert one != other
    assert len({one, other}) == 2
    with pytest.raises(FrozenInstanceError):
        one.acceptance = 0.5  # pyright: ignore[reportAttributeAccessIssue]


def effective_size_by_loops(x: np.ndarray) -> float:
    """Vehtari et al. (2021), equations 1 to 3, 10 and 11, and section 3.2: x (steps, chains)."""
    steps, chains = x.shape
    means = x.mean(0)
    biased = [
        np.mean([sum((c - m)[t:] * (c - m)[: steps - t]) for c, m in zip(x.T, means, strict=True)])
        / steps
        for t in range(steps)
    ]
    within = biased[0] * steps / (steps - 1)
    between = steps / (chains - 1) * sum((means - means.mean()) ** 2) if chains > 1 else 0.0
    total = (steps - 1) / steps * within + between / steps
    rho = [1 - (within - b * steps / (steps - 1)) / total for b in biased]
    pairs: list[float] = []
    for t in range(0, steps - 1, 2):
        pair = rho[t] + rho[t + 1]
        if pair <= 0:
            break
        pairs.append(min([pair, *pairs]))
    tau = max(-1 + 2 * sum(pairs), 1 / log10(steps * chains))
    return steps * chains / tau


@pytest.mark.parametrize("shape", [(4, 1), (7, 3), (20, 2), (31, 1), (60, 5)])
@pytest.mark.parametrize("rho", [-0.9, 0.0, 0.8])
def test_an_effective_size_is_that_by_loops_over_lags_and_chains(
    shape: tuple[int, int], rho: float
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    for step in range(1, len(x)):
        x[step] += rho * x[step - 1]
    found = chain_effective_sample_size(torch.from_numpy(x))
    assert found == pytest.approx(effective_size_by_loops(x), rel=1e-6)


def step_by_hand(w: Tensor, z: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """A proposal, and the density of going there over that of coming back, in nats."""
    density = torch.distributions.MultivariateNormal

    def slope(z: Tensor) -> Tensor:
        at = z.detach().requires_grad_()
        return torch.autograd.grad(energy(w)(at).sum(), at)[0]

    spread = 2 * alpha * torch.eye(z.shape[1], dtype=z.dtype)
    proposal = z - alpha * slope(z) + (2 * alpha) ** 0.5 * torch.randn_like(z)
    there = density(z - alpha * slope(z), spread).log_prob(proposal)
    back = density(proposal - alpha * slope(proposal), spread).log_prob(z)
    return proposal, there - back


@pytest.mark.parametrize("corrected", [False, True])
def test_chains_are_those_of_steps_by_hand_and_keep_no_graph(corrected: bool) -> None:
    w, steps, alpha = weight(2.0), 6, 0.7
    start = torch.randn(9, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z, states, accepted = start, [], []
    torch.manual_seed(0)
    for _ in range(steps):
        proposal, odds = step_by_hand(w, z, alpha)
        taken = torch.ones(9, dtype=torch.bool)
        if corrected:
            chance = (energy(w)(z) - energy(w)(proposal) - odds).exp()
            taken = torch.rand(9, dtype=torch.float64) < chance
        z = torch.where(taken[:, None], proposal, z)
        states.append(z)
        accepted.append(taken.double().mean().item())
    torch.manual_seed(0)
    found = run_langevin_chains(
        energy(w), start.requires_grad_(), alpha=alpha, steps=steps, corrected=corrected
    )
    torch.testing.assert_close(found.z, z)
    torch.testing.assert_close(found.trace, torch.stack([energy(w)(z) for z in states])[..., None])
    assert found.acceptance == pytest.approx(sum(accepted) / steps, rel=1e-12)
    assert not found.trace.requires_grad
    torch.manual_seed(0)
    again = run_langevin_chains(
        energy(w), start, alpha=alpha, steps=steps, corrected=corrected, observe=lambda z: z[:, 1:3]
    )
    torch.testing.assert_close(again.trace, torch.stack(states)[..., 1:3])
