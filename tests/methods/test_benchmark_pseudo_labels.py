"""The control of warped MNIST learns from labels, and from what it is sure of."""

from __future__ import annotations

from math import log

import pytest
import torch
from benchmark_modules import import_benchmark
from torch import Tensor, nn

from auxgen.data.batches import ViewedBatch
from auxgen.method import Gradient
from auxgen.networks.distributions import categorical


class Logits(nn.Module):
    """q(y|x) whose logits are x."""

    def forward(self, x: Tensor) -> torch.distributions.Categorical:
        return categorical(x)


def test_its_loss_is_that_of_fixmatch() -> None:
    def at(*rows: tuple[float, float]) -> Tensor:
        return torch.tensor(rows).log().requires_grad_()

    seen, clean = at((0.75, 0.25)), at((0.97, 0.03), (0.94, 0.06), (0.01, 0.99))
    warped = at((0.5, 0.5), (0.2, 0.8), (0.4, 0.6))
    batch = ViewedBatch(at((0.9, 0.1)), torch.tensor([1]), clean, seen, warped)
    with import_benchmark("mnist_pseudo_labels") as script:
        method = script.PseudoLabels(Logits(), 2.0)
        (move,) = [m for m in method.round(batch, torch.tensor(0)) if isinstance(m, Gradient)]
    expected = -log(0.25) - 2.0 * (log(0.5) + log(0.6)) / 3  # of the second row it is not sure
    assert move.loss.item() == pytest.approx(expected)
    move.loss.backward()
    assert clean.grad is None
    assert warped.grad is not None
    assert warped.grad[1].abs().sum() == 0
