"""Distances of samples from a truth."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean, stdev

import pytest
import torch
from torch import Tensor

from auxgen.evaluation.samples import WassersteinFromTruth


def truth(n: int, seed: int) -> Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


class Shifted:
    """Samples the truth, moved."""

    def __init__(self, by: float) -> None:
        self.by = by

    def sample(self, n: int) -> Tensor:
        return torch.randn(n, 2) + self.by


def test_samples_of_the_truth_are_as_far_as_two_true_sets() -> None:
    w1 = WassersteinFromTruth(truth, n=300, pairs=6)
    score, true = w1(Shifted(0)), w1.score_truth(Shifted(0))
    assert score.value == pytest.approx(true.value, rel=0.2)
    assert true.value > 0.05
    pairs = score.detail["true_pairs"]
    assert (mean(pairs), stdev(pairs)) == (true.value, true.spread)
    assert len(pairs) == len(score.detail["pairs"]) == 6
    assert "300" in score.protocol


def test_a_shift_is_at_its_length() -> None:
    score = WassersteinFromTruth(truth, n=400)(Shifted(3.0))
    assert score.value == pytest.approx(3 * 2**0.5, rel=0.05)


def test_the_score_depends_on_the_seed_alone() -> None:
    w1 = WassersteinFromTruth(truth, n=100)
    first, torch_state = w1(Shifted(0)), torch.get_rng_state()
    torch.rand(3)
    assert w1(Shifted(0)).value == first.value
    assert replace(w1, seed=1)(Shifted(0)).value != first.value
    torch.set_rng_state(torch_state)
    before = torch.get_rng_state()
    w1(Shifted(0))
    assert torch.equal(torch.get_rng_state(), before)
