"""Bounds on log p(x), streamed so that memory does not grow with the number of draws."""

from __future__ import annotations

from math import log
from typing import NamedTuple

import torch
from torch import Tensor

from ..method import Bounds, Weighs
from ..rng import get_device


class ImportanceEstimate(NamedTuple):
    """What k importance weights say of each row, both (n,) float64 on the CPU.

    Attributes:
        log_p: log of the mean weight, a lower bound on log p(x) in expectation, nats.
        ess: Effective sample size (sum w)^2 / sum w^2, between 1 and k.
    """

    log_p: Tensor
    ess: Tensor


def compute_effective_sample_size(log_w: Tensor) -> Tensor:
    """(sum w)^2 / sum w^2, between 1 and k: log_w (k, ...) -> (...,)."""
    return (2 * log_w.logsumexp(0) - (2 * log_w).logsumexp(0)).exp()


@torch.no_grad()
def estimate_log_likelihood(
    method: Weighs, x: Tensor, k: int, *, chunk: int = 50, batch_size: int = 20
) -> ImportanceEstimate:
    """log p_k(x) = logsumexp_i log w_i - log k (Burda et al. 2016, eq. 8), and the sample size.

    Args:
        method: Gives log w.
        x: (n, *event).
        k: Weights for each row.
        chunk: Weights drawn at once.
        batch_size: Rows passed at once.
    """
    device = get_device(method)
    parts = [
        _accumulate_log_weights(method, part.to(device), k, chunk) for part in x.split(batch_size)
    ]
    total = torch.cat([first for first, _ in parts]).cpu()
    squared = torch.cat([second for _, second in parts]).cpu()
    return ImportanceEstimate(total - log(k), (2 * total - squared).exp())


def importance_bound(
    method: Weighs, x: Tensor, k: int, chunk: int = 50, *, batch_size: int = 20
) -> Tensor:
    """log p_k(x) of each row in nats: x (n, *event) -> (n,). See `estimate_log_likelihood`."""
    return estimate_log_likelihood(method, x, k, chunk=chunk, batch_size=batch_size).log_p


def _accumulate_log_weights(method: Weighs, x: Tensor, k: int, chunk: int) -> tuple[Tensor, Tensor]:
    """logsumexp of log w and of 2 log w over k draws: x (b, *event) -> (b,), (b,)."""
    total = x.new_full((len(x),), -torch.inf, dtype=torch.float64)
    squared = total.clone()
    for drawn in range(0, k, chunk):
        log_w = method.log_weights(x, min(chunk, k - drawn)).double()
        total = torch.logaddexp(total, log_w.logsumexp(0))
        squared = torch.logaddexp(squared, (2 * log_w).logsumexp(0))
    return total, squared


@torch.no_grad()
def estimate_elbo(method: Bounds, x: Tensor, draws: int = 1, *, batch_size: int = 256) -> Tensor:
    """Mean of `draws` estimates of the evidence lower bound, nats: x (n, *event) -> (n,)."""
    device = get_device(method)
    parts = []
    for part in x.split(batch_size):
        here = part.to(device)
        total = sum(
            (method.elbo(here).double() for _ in range(1, draws)), method.elbo(here).double()
        )
        parts.append(total / draws)
    return torch.cat(parts).cpu()
