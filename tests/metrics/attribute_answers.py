"""Answers to attributes, predicted and true, some of them unknown."""

from __future__ import annotations

import torch
from torch import Tensor


def sample_answers(blank: float = 0.3) -> tuple[Tensor, Tensor]:
    """Predictions (60, 4) and true answers, skewed, with that share of blanks."""
    generator = torch.Generator().manual_seed(0)
    y = (torch.rand(60, 4, generator=generator) < torch.tensor([0.1, 0.5, 0.8, 0.3])).float()
    predicted = torch.where(torch.rand(60, 4, generator=generator) < 0.7, y, 1 - y) == 1
    y[torch.rand(60, 4, generator=generator) < blank] = torch.nan
    return predicted, y
