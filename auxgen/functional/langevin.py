"""Langevin Monte Carlo: draws from a density that is known up to a factor.

z' = z - alpha grad U(z) + sqrt(2 alpha) e with e ~ N(0, I) tends to the density exp(-U) up to an
error of order alpha, which a Metropolis step removes (Roberts & Tweedie, 1996, "MALA").
"""

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

    = sum_k BCE(w_k . z + b_k, y_k) + |z|^2 / 2 (Maggipinto et al., 2020, section 4.3), where linear
    classifiers of weight (k, d) and bias (k,) are required to answer y (k,), 0 or 1.
    """
    logits = z @ weight.T + bias
    wrong = F.softplus(torch.where(y > 0.5, -logits, logits)).sum(-1)
    return wrong + z.square().sum(-1) / 2


@dataclass(frozen=True, eq=False)
class Chains:
    """Last states z (n, d) and statistics of n chains.

    The acceptance is the share of accepted proposals, 1 without the Metropolis step; the trace
    (steps, n, m) holds the observed functions of the states after each step.
    """

    z: Tensor
    acceptance: float
    trace: Tensor

    @property
    def effective_draws(self) -> float:
        """Effective sample size of a chain's second half: mean over chains, least of functions."""
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
    """Run independent chains from z (n, d), with step size alpha.

    Args:
        energy: U. Rows must not depend on each other.
        corrected: Whether a proposal is accepted with the probability of Metropolis and Hastings,
            so that exp(-U) is met exactly; else it is always accepted.
        observe: Functions of z whose effective sample size is measured, z (n, d) -> (n, m); when
            None the energy, whose correlation decays twice as fast as that of the coordinates of a
            Gaussian.

    Raises:
        InputError: The step size is not positive, or there are no steps.
    """
    if not 0 < alpha < float("inf"):
        raise InputError(f"The step size is {alpha:g}; a positive number is expected.")
    require_at_least(1, steps=steps)
    u, slope = _compute_energy_and_gradient(energy, z)
    trace, accepted = [], torch.zeros((), dtype=torch.float64)
    for _ in range(steps):
        proposal = z - alpha * slope + (2 * alpha) ** 0.5 * torch.randn_like(z)
        u_there, slope_there = _compute_energy_and_gradient(energy, proposal)
        if corrected:
            back = _transition_log_density(z, proposal, slope_there, alpha)
            there = _transition_log_density(proposal, z, slope, alpha)
            accept = torch.rand_like(u).log() < u - u_there + back - there
            z = torch.where(accept[:, None], proposal, z)
            u = torch.where(accept, u_there, u)
            slope = torch.where(accept[:, None], slope_there, slope)
            accepted += accept.double().mean().cpu()
        else:
            z, u, slope = proposal, u_there, slope_there
            accepted += 1
        trace.append(u[:, None] if observe is None else observe(z))
    return Chains(z, (accepted / steps).item(), torch.stack(trace))


def _compute_energy_and_gradient(energy: Energy, z: Tensor) -> tuple[Tensor, Tensor]:
    """U (n,) and its gradient (n, d) at z (n, d)."""
    with torch.inference_mode(False), torch.enable_grad():
        at = z.detach().clone().requires_grad_(True)
        u = energy(at)
        (slope,) = torch.autograd.grad(u.sum(), at)
    return u.detach(), slope


def _transition_log_density(to: Tensor, start: Tensor, slope: Tensor, alpha: float) -> Tensor:
    """log of the density of a step, without its constant: to, start, slope (n, d) -> (n,)."""
    return -(to - start + alpha * slope).square().sum(-1) / (4 * alpha)


def chain_effective_sample_size(trace: Tensor) -> float:
    """Number of independent draws equivalent to several chains: trace (steps, chains) -> a number.

    steps * chains / (1 + 2 sum_t rho_t), with the autocorrelations rho_t of all chains around
    their common mean (Vehtari et al., 2021, equations 10 and 11), summed while the sums of
    neighbours t and t + 1 are above 0 (Geyer, 1992). Chains that do not agree count as few.

    Raises:
        InputError: There are fewer than four steps.
    """
    steps, chains = trace.shape
    require_at_least(4, steps=steps)
    x = trace.double()
    spectrum = torch.fft.rfft(x - x.mean(0), n=2 * steps, dim=0).abs().square()
    covariance = torch.fft.irfft(spectrum, n=2 * steps, dim=0)[:steps].mean(1) / steps
    unbiased = covariance * steps / (steps - 1)
    between = x.mean(0).var() if chains > 1 else torch.zeros(())
    total = covariance[0] + between
    if total <= 0:
        return 0.0
    rho = 1 - (unbiased[0] - unbiased) / total
    pairs = rho[: steps // 2 * 2].view(-1, 2).sum(1)
    monotone = pairs[(pairs <= 0).cumsum(0) == 0].cummin(0).values  # up to the first not above 0
    tau = (2 * monotone.sum() - 1).clamp(min=1 / torch.tensor(float(steps * chains)).log10())
    return float(steps * chains / tau)
