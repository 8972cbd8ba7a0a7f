"""Langevin Monte Carlo: draws from a density that is known but for a factor. Pure functions.

z' = z - alpha grad U(z) + sqrt(2 alpha) e with e ~ N(0, I) tends to the density exp(-U) up to an
error of order alpha, which a Metropolis step takes away (Roberts & Tweedie, 1996, "MALA").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError, require_at_least

Energy = Callable[[Tensor], Tensor]
"""U in nats: z (n, d) -> (n,)."""


def conditional_energy(z: Tensor, *, weight: Tensor, bias: Tensor, y: Tensor) -> Tensor:
    """U(z) = -log p(y|z) - log N(z; 0, I) + constant, in nats: z (n, d) -> (n,).

    = sum_k BCE(w_k . z + b_k, y_k) + |z|^2 / 2 (Maggipinto et al., 2020, section 4.3).

    Args:
        z: Codes.
        weight: Of the linear classifiers that are conditioned on, (k, d).
        bias: (k,).
        y: Answers wanted, (k,) of 0 and 1.
    """
    logits = z @ weight.T + bias
    wrong = F.softplus(torch.where(y > 0.5, -logits, logits)).sum(-1)
    return wrong + z.square().sum(-1) / 2


@dataclass(frozen=True, eq=False)
class Chains:
    """Where n chains ended, and what they were like.

    Attributes:
        z: Their last states (n, d).
        acceptance: Share of proposals taken; 1 without the Metropolis step.
        trace: What was watched of the states after each step, (steps, n, m).
    """

    z: Tensor
    acceptance: float
    trace: Tensor

    @property
    def effective_draws(self) -> float:
        """Independent draws that a chain's second half is worth, mean over chains; see below.

        Of what was watched, that which forgets the slowest.
        """
        later = self.trace[len(self.trace) // 2 :]
        return min(chain_effective_sample_size(each) for each in later.unbind(-1)) / later.shape[1]


def run_langevin_chains(
    energy: Energy,
    z: Tensor,
    *,
    alpha: float,
    steps: int,
    corrected: bool = False,
    observe: Callable[[Tensor], Tensor] | None = None,
) -> Chains:
    """Runs chains from z (n, d), each on its own.

    Args:
        energy: U. Rows must not depend on each other.
        z: Where they start.
        alpha: Step size.
        steps: How many.
        corrected: Take a proposal with the probability of Metropolis and Hastings, so that exp(-U)
            is met exactly; else always.
        observe: What the chains' worth is told by: z (n, d) -> (n, m); the energy when not given,
            which forgets twice as fast as the coordinates of a Gaussian.

    Raises:
        InputError: The step size is not positive, or there are no steps.
    """
    if not 0 < alpha < float("inf"):
        raise InputError(f"A step size of {alpha:g} was given; a positive one is wanted.")
    require_at_least(1, steps=steps)
    u, slope = _compute_energy_and_gradient(energy, z)
    trace, taken = [], torch.zeros((), dtype=torch.float64)
    for _ in range(steps):
        proposal = z - alpha * slope + (2 * alpha) ** 0.5 * torch.randn_like(z)
        u_there, slope_there = _compute_energy_and_gradient(energy, proposal)
        if corrected:
            back = _transition_log_density(z, proposal, slope_there, alpha)
            there = _transition_log_density(proposal, z, slope, alpha)
            take = torch.rand_like(u).log() < u - u_there + back - there
            z = torch.where(take[:, None], proposal, z)
            u = torch.where(take, u_there, u)
            slope = torch.where(take[:, None], slope_there, slope)
            taken += take.double().mean().cpu()
        else:
            z, u, slope = proposal, u_there, slope_there
            taken += 1
        trace.append(u[:, None] if observe is None else observe(z))
    return Chains(z, (taken / steps).item(), torch.stack(trace))


def _compute_energy_and_gradient(energy: Energy, z: Tensor) -> tuple[Tensor, Tensor]:
    """U (n,) and its gradient (n, d) at z (n, d)."""
    with torch.enable_grad():
        at = z.detach().requires_grad_(True)
        u = energy(at)
        (slope,) = torch.autograd.grad(u.sum(), at)
    return u.detach(), slope


def _transition_log_density(to: Tensor, start: Tensor, slope: Tensor, alpha: float) -> Tensor:
    """log of the density of a step, less its constant: to, start and slope (n, d) -> (n,)."""
    return -(to - start + alpha * slope).square().sum(-1) / (4 * alpha)


def chain_effective_sample_size(trace: Tensor) -> float:
    """Independent draws that several chains together are worth: trace (steps, chains) -> a number.

    steps * chains / (1 + 2 sum_t rho_t), with the autocorrelations rho_t of all chains around
    their common mean (Vehtari et al., 2021, equations 10 and 11), summed while those of neighbours
    t and t + 1 come to more than 0 (Geyer, 1992). Chains that do not agree count as few.

    Raises:
        InputError: There are fewer than four steps.
    """
    steps, chains = trace.shape
    require_at_least(4, steps=steps)
    x = trace.double()
    deviations = x - x.mean(0)
    spectrum = torch.fft.rfft(deviations, n=2 * steps, dim=0).abs().square()
    covariance = torch.fft.irfft(spectrum, n=2 * steps, dim=0)[:steps].mean(1) / steps
    within = covariance[0] * steps / (steps - 1)
    between = x.mean(0).var() if chains > 1 else torch.zeros(())
    total = covariance[0] + between
    if total <= 0:
        return 0.0
    rho = 1 - (within - covariance * steps / (steps - 1)) / total
    rho[0] = 1.0
    pairs = rho[: steps // 2 * 2].view(-1, 2).sum(1)
    ended = (pairs <= 0).nonzero()
    last = int(ended[0]) if len(ended) else len(pairs)
    monotone = pairs[:last].cummin(0).values
    tau = (2 * monotone.sum() - 1).clamp(min=1 / torch.tensor(float(steps * chains)).log10())
    return float(steps * chains / tau)
