"""Bounds and priors as pure functions of tensors."""

from __future__ import annotations

from math import log

import torch
from torch import Tensor, nn


def summed_out(log_q: Tensor, each: Tensor) -> Tensor:
    """sum_y q(y) each(y) + H(q): the label summed out (ADGM, eq. 11).

    log_q (..., k) normalised, each (..., k) -> (...,), nats.
    """
    return (log_q.exp() * (each - log_q)).sum(-1)


def log_mean_exp(log_w: Tensor) -> Tensor:
    """log of the mean weight: (k, ...) -> (...,)."""
    return log_w.logsumexp(0) - log(len(log_w))


def alpha(beta: float, labelled: int, unlabelled: int) -> float:
    """Weight of the classification term, beta (N_l + N_u) / N_l (ADGM, below eq. 13).

    The unlabelled rows include the labelled ones, as in the paper's experiments: 60.1 for 100 of
    60,000 MNIST images at beta 0.1.
    """
    return beta * (labelled + unlabelled) / labelled


def weight_prior(module: nn.Module) -> Tensor:
    """-log N(W; 0, I) less its constant, over weight matrices and kernels, not biases: (), nats."""
    weights = [p for p in module.parameters() if p.ndim > 1]
    return 0.5 * torch.stack([w.square().sum() for w in weights]).sum()
