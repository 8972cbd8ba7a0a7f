"""Scores of bounds, on a model whose likelihood is known exactly."""

from __future__ import annotations

import pytest
import torch
from evaluation.linear_gaussian import LinearGaussian

from auxgen.evaluation import likelihood
from auxgen.inference.batched import binarise_with_seed
from auxgen.rng import get_device, use_seed


def test_importance_bound_is_exact_on_a_linear_gaussian_model_with_its_standard_error():
    model = LinearGaussian()
    torch.manual_seed(0)
    x = model.p_x().sample((30,))
    exact = model.p_x().log_prob(x)
    score = likelihood.ImportanceBound(x, k=20, chunk=7, rows=8)(model)
    assert score.value == pytest.approx(exact.mean().item())
    assert score.spread == pytest.approx(exact.std().item() / 30**0.5)
    assert score.detail["ess_median"] == pytest.approx(20)
    assert "k = 20" in score.protocol
    assert "30 rows" in score.protocol
    assert score.caution == ""
    assert likelihood.Elbo(x, draws=2)(model).value == pytest.approx(exact.mean().item())


def test_importance_bound_warns_where_few_draws_carry_the_weight():
    x = LinearGaussian().p_x().sample((5,))
    score = likelihood.ImportanceBound(x, k=200)(LinearGaussian(width=1e5))
    assert "of 200" in score.caution


def test_binarised_rows_are_in_the_protocol_and_do_not_depend_on_the_global_seed():
    x = torch.rand(50, 3, dtype=torch.float64)
    score = likelihood.ImportanceBound(x, k=3, binarised_seed=11)(LinearGaussian())
    assert "50 rows binarised once with seed 11" in score.protocol
    with use_seed(1, get_device(None)):
        first = binarise_with_seed(x, 11)
    assert torch.equal(first, binarise_with_seed(x, 11))
    assert first.unique().tolist() == [0.0, 1.0]


def test_the_negative_log_likelihood_is_that_of_the_bound_also_for_each_dimension():
    model = LinearGaussian()
    x = model.p_x().sample((30,))
    made = likelihood.ImportanceNll(x, k=20)(model)
    exact = -model.p_x().log_prob(x).mean().item()
    assert made["nll"].value == pytest.approx(exact, rel=1e-12)
    assert made["nll_per_dimension"].value == pytest.approx(exact / 3, rel=1e-12)
    assert made["nll_per_dimension"].unit == "nats per dimension"
    assert made["nll_per_dimension"].spread == pytest.approx((made["nll"].spread or 0) / 3)
    assert "k = 20" in made["nll"].protocol
    assert made["nll_per_dimension"].protocol.endswith("seed 0; divided by 3 dimensions")
