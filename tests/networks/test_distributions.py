"""Densities in few operations are torch's own, to the last bit, gradients included."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from auxgen.networks import distributions
from auxgen.networks.distributions import bernoulli, normal
from auxgen.networks.priors import StandardNormal


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("logits", "x"), [((5, 7), (5, 7)), ((5, 3, 7), (5, 1, 7)), ((7,), (4, 7)), ((5, 0), (5, 0))]
)
def test_the_density_of_bits_is_torchs(logits: tuple[int, ...], x: tuple[int, ...]) -> None:
    bits = draw(*x, seed=1).gt(0).float()
    found = []
    for make in (bernoulli, lambda given: Independent(Bernoulli(logits=given), 1)):
        given = (20 * draw(*logits)).requires_grad_()
        log_p = make(given).log_prob(bits)
        log_p.sin().sum().backward()
        found.append((log_p, given.grad))
    for ours, theirs in zip(*found, strict=True):
        assert ours is not None
        assert torch.equal(ours, theirs)
        assert ours.dtype == torch.float32


def test_bits_that_are_checked_refuse_what_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "VALIDATE", True)
    with pytest.raises(ValueError, match="within the support"):
        bernoulli(torch.zeros(3)).log_prob(torch.full((3,), 2.0))


def test_the_divergence_from_a_standard_normal_is_torchs() -> None:
    found = []
    prior = Independent(Normal(torch.zeros(4), torch.ones(4)), 1)
    for p in (StandardNormal(4)(), prior):
        mean, std = (each.requires_grad_() for each in (draw(6, 4), draw(6, 4, seed=1).exp()))
        divergence = kl_divergence(normal(mean, std, 1), p)
        divergence.sin().sum().backward()
        found.append((divergence, mean.grad, std.grad))
    for ours, theirs in zip(*found, strict=True):
        assert ours is not None
        assert torch.equal(ours, theirs)


def test_two_standard_normals_are_the_same() -> None:
    assert kl_divergence(StandardNormal(4)(), StandardNormal(4)()).item() == 0
