"""The decay of the moving average, to the last factor, and the blocks in which it is taken in."""

from __future__ import annotations

import copy
from itertools import accumulate

import pytest
import torch
from torch import nn

from auxgen.engine.average import MovingAverage

STEPS = 940
"""A decay of (1 + t) / (10 + t) is 0.99 at t = 890."""


def make_average(decay: float) -> MovingAverage:
    """A mean that begins at 1, of a weight that is 0 from then on."""
    weight = nn.Parameter(torch.ones(2, dtype=torch.float64))
    average = MovingAverage({"w": weight}, decay)
    weight.data.zero_()
    return average


@pytest.mark.parametrize("decay", [0.3, 0.98, 0.99, 0.9999])
def test_what_is_left_of_the_first_weights_is_the_product_of_all_decays(decay: float) -> None:
    """After any number of rounds, within a block as at its end; asking changes nothing."""
    average = make_average(decay)
    decays = [min(decay, (1 + step) / (10 + step)) for step in range(STEPS)]
    for steps, left in enumerate(accumulate(decays, lambda a, b: a * b, initial=1.0)):
        kept = copy.deepcopy(average.means["w"])
        found = average.compute_means(steps)["w"]
        assert found.tolist() == pytest.approx([left, left], rel=1e-9, abs=0), steps
        assert torch.equal(average.means["w"], kept)
        average.update(steps)


@pytest.mark.parametrize(("decay", "first_slow"), [(0.98, STEPS), (0.99, 890), (0.999, 890)])
def test_one_round_in_eight_is_taken_in_once_the_decay_is_slow(
    decay: float, first_slow: int
) -> None:
    average, changed = make_average(decay), []
    for step in range(STEPS):
        average.means["w"].fill_(1.0)
        average.update(step)
        if average.means["w"][0] != 1:
            changed.append(step)
    assert changed == [s for s in range(STEPS) if s < first_slow or s % 8 == 7]


def test_a_mean_has_no_gradient() -> None:
    assert not make_average(0.5).means["w"].requires_grad
