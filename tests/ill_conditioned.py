"""Codes of which a logistic regression takes many iterations."""

from __future__ import annotations

import torch
from torch import Tensor


def draw_ill_conditioned_codes() -> tuple[Tensor, Tensor]:
    """Codes (2000, 60) whose deviations along hidden axes are from 1 to 1/1000, and answers that
    all axes decide alike, 0 or 1 (2000,): over 100 iterations of L-BFGS, which is scikit-learn's
    own limit.
    """
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(2000, 60, generator=generator, dtype=torch.float64)
    axes = torch.linalg.qr(torch.randn(60, 60, generator=generator, dtype=torch.float64))[0]
    weight = torch.randn(60, generator=generator, dtype=torch.float64)
    noise = torch.randn(2000, generator=generator, dtype=torch.float64)
    sizes = torch.logspace(0, -3, 60, dtype=torch.float64)
    return (hidden * sizes) @ axes, (hidden @ weight + noise > 0).long()
