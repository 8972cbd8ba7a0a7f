"""Evaluations: values, protocols and details of what they return."""

from __future__ import annotations

import pytest
import torch
from linear_gaussian import LinearGaussian
from torch import Tensor
from torch.distributions import Categorical

from auxgen.errors import InputError
from auxgen.evaluation import classification, likelihood, peers
from auxgen.inference.batched import binarise_with_seed
from auxgen.rng import get_device, use_seed


class Told:
    """Says the class that stands in the first entry of x, with some certainty."""

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        logits = 3.0 * torch.nn.functional.one_hot(x[:, 0].long(), 3)
        return Categorical(logits=logits + 0.01 * torch.randn(draws, *logits.shape).mean(0))


X = torch.tensor([[0.0], [1.0], [2.0], [0.0], [1.0]])
Y = torch.tensor([0, 1, 2, 1, -1])


def test_test_error_leaves_out_unlabelled_rows_and_tells_the_confusion():
    score = classification.TestError(X, Y, draws=3, split_name="test", classes=("a", "b", "c"))(
        Told()
    )
    assert (score.value, score.unit, score.n) == (25.0, "%", 4)
    assert score.spread == pytest.approx(100 * (0.25 * 0.75 / 4) ** 0.5)
    assert score.detail["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert score.detail["classes"] == ["a", "b", "c"]


def test_protocol_states_split_rows_draws_and_seed():
    protocol = classification.TestError(X, Y, draws=3, split_name="validation", seed=7)(
        Told()
    ).protocol
    assert protocol.endswith("; validation split, 4 rows, 3 draws a row averaged, seed 7")


def test_scores_are_the_same_in_batches_of_any_size_up_to_their_draws():
    whole, parts = (classification.Brier(X, Y, rows=rows)(Told()) for rows in (100, 2))
    assert whole.value == pytest.approx(parts.value, abs=0.02)


def test_a_score_repeats_and_leaves_the_random_stream_as_it_was():
    evaluation = classification.Brier(X, Y, seed=3)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second = evaluation(Told()), evaluation(Told())
    assert first == second
    assert torch.equal(before, torch.get_rng_state())


def test_calibration_tells_its_curve_in_plain_lists():
    score = classification.Calibration(X, Y, bins=4)(Told())
    assert score.unit == "%"
    assert sum(score.detail["reliability"]["rows"]) == 4


def test_a_split_without_labels_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="no labelled row"):
        classification.TestError(X, torch.full((5,), -1))(Told())


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


def test_binarised_rows_are_told_in_the_protocol_and_do_not_depend_on_the_global_seed():
    x = torch.rand(50, 3, dtype=torch.float64)
    score = likelihood.ImportanceBound(x, k=3, binarised_seed=11)(LinearGaussian())
    assert "50 rows binarised once with seed 11" in score.protocol
    with use_seed(1, get_device(None)):
        first = binarise_with_seed(x, 11)
    assert torch.equal(first, binarise_with_seed(x, 11))
    assert first.unique().tolist() == [0.0, 1.0]


@pytest.mark.parametrize("peer", [peers.make_knn_label_spreading, peers.make_rbf_label_spreading])
def test_label_spreading_separates_two_clouds_from_one_label_each(peer):
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(80) % 2
    x = 0.3 * torch.randn(80, 2, generator=generator) + 3.0 * y.unsqueeze(1)
    known = torch.where(torch.arange(80) < 2, y, -1)
    evaluation = classification.BaselineError(
        peer, x_train=x[:60], y_train=known[:60], x=x[60:], y=y[60:], name="label spreading"
    )
    score = evaluation(None)
    assert (score.value, score.n) == (0.0, 20)
    assert "60 training rows, 2 labelled" in score.protocol


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
