"""The importance-weighted bound against a model whose likelihood is known exactly."""

from __future__ import annotations

from math import log

import pytest
import torch
from evaluation.linear_gaussian import LinearGaussian, Tabled

from auxgen.inference.prediction import estimate_elbo, estimate_log_likelihood


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_bound_is_exact_with_the_true_posterior_whatever_k():
    model = LinearGaussian()
    x = model.p_x().sample((7,))
    for k in (1, 5):
        bound = estimate_log_likelihood(model, x, k, chunk=2, batch_size=3).log_p
        torch.testing.assert_close(bound, model.p_x().log_prob(x))


def test_bound_comes_near_the_likelihood_with_a_wider_proposal_and_many_draws():
    model = LinearGaussian(width=2.0)
    x = model.p_x().sample((20,))
    bound = estimate_log_likelihood(model, x, 4000, chunk=500).log_p
    torch.testing.assert_close(bound, model.p_x().log_prob(x), atol=0.1, rtol=0)


def test_bound_grows_with_k_in_expectation():
    model = LinearGaussian(width=3.0)
    x = model.p_x().sample((2000,))
    means = [
        estimate_log_likelihood(model, x, k, batch_size=500).log_p.mean() for k in (1, 3, 10, 50)
    ]
    assert means == sorted(means)
    assert means[-1] < model.p_x().log_prob(x).mean() + 0.02


@pytest.mark.parametrize("chunk", [1, 4, 5, 100])
def test_chunks_of_the_same_draws_give_the_same_bound_and_sample_size(chunk):
    log_w = 30 * torch.randn(23, 6, dtype=torch.float64) - 800
    found = estimate_log_likelihood(Tabled(log_w), torch.zeros(6, 2), 23, chunk=chunk, batch_size=6)
    torch.testing.assert_close(found.log_p, log_w.logsumexp(0) - log(23))
    w = (log_w + 800).exp()
    torch.testing.assert_close(found.ess, w.sum(0) ** 2 / (w**2).sum(0))


def test_effective_sample_size_of_equal_weights_is_their_number():
    equal = torch.full((12, 3), -500.0, dtype=torch.float64)
    found = estimate_log_likelihood(Tabled(equal), torch.zeros(3, 1), 12, chunk=5)
    torch.testing.assert_close(found.ess, torch.full((3,), 12.0).double())


def test_effective_sample_size_of_one_weight_that_outweighs_all_is_one():
    log_w = torch.tensor([[0.0], [-900.0], [-1000.0]], dtype=torch.float64)
    found = estimate_log_likelihood(Tabled(log_w), torch.zeros(1, 1), 3)
    assert found.ess.item() == pytest.approx(1.0)


def test_elbo_averages_draws_and_is_exact_with_the_true_posterior():
    model = LinearGaussian()
    x = model.p_x().sample((7,))
    torch.testing.assert_close(estimate_elbo(model, x, 3, batch_size=2), model.p_x().log_prob(x))


def test_elbo_lies_below_the_likelihood_by_the_divergence_of_its_proposal():
    model = LinearGaussian(width=2.0)
    x = model.p_x().sample((50,))
    gap = (model.p_x().log_prob(x) - estimate_elbo(model, x, 400)).mean().item()
    assert gap == pytest.approx(1 - log(2), abs=0.03)  # KL(N(m, 2C) || N(m, C)) in two dimensions
