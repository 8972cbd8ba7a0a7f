"""Scores of class probabilities and attributes: values, protocols and details."""

from __future__ import annotations

import json
import math

import pytest
import torch
from metrics.attribute_answers import sample_answers
from torch import Tensor
from torch.distributions import Bernoulli, Categorical

from auxgen.errors import InputError
from auxgen.evaluation import baselines, classification
from auxgen.evaluation.classification import AttributeTestErrors
from auxgen.metrics.classification import (
    attribute_error_rates,
    balanced_accuracy,
    minority_answer_rates,
)
from auxgen.score import wilson_interval


class Told:
    """Says the class that stands in the first entry of x, with some certainty."""

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        logits = 3.0 * torch.nn.functional.one_hot(x[:, 0].long(), 3)
        return Categorical(logits=logits + 0.01 * torch.randn(draws, *logits.shape).mean(0))


X = torch.tensor([[0.0], [1.0], [2.0], [0.0], [1.0]])
Y = torch.tensor([0, 1, 2, 1, -1])


def test_test_error_leaves_out_unlabelled_rows_and_has_the_confusion():
    score = classification.TestError(X, Y, draws=3, split_name="test", classes=("a", "b", "c"))(
        Told()
    )
    assert (score.value, score.unit, score.n) == (25.0, "%", 4)
    assert score.spread == pytest.approx(100 * (0.25 * 0.75 / 4) ** 0.5)
    assert score.interval == pytest.approx([100 * end for end in wilson_interval(0.25, 4)])
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


def test_a_split_without_labels_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="no labelled row"):
        classification.TestError(X, torch.full((5,), -1))(Told())


@pytest.mark.parametrize(
    "peer", [baselines.make_knn_label_spreading, baselines.make_rbf_label_spreading]
)
def test_label_spreading_separates_two_clouds_from_one_label_each(peer):
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(80) % 2
    x = 0.3 * torch.randn(80, 2, generator=generator) + 3.0 * y.unsqueeze(1)
    known = torch.where(torch.arange(80) < 2, y, -1)
    evaluation = baselines.BaselineError(
        peer, x_train=x[:60], y_train=known[:60], x=x[60:], y=y[60:], name="label spreading"
    )
    score = evaluation(None)
    assert (score.value, score.n) == (0.0, 20)
    assert "60 training rows, 2 labelled" in score.protocol


class PositiveIsYes:
    """Says yes where x is positive."""

    def attributes(self, x: Tensor) -> Bernoulli:
        return Bernoulli(logits=10.0 * x)


def test_the_scores_are_means_over_attributes_with_each_ones_in_the_detail() -> None:
    predicted, y = sample_answers()
    y[:, 3] = torch.nan
    names = ("beard", "hat", "smile", "glasses")
    made = AttributeTestErrors(predicted.float() - 0.5, y, names=names, rows=7)
    error, balanced = made(PositiveIsYes()).values()
    expected = 100 * attribute_error_rates(predicted, y)[:3]
    assert error.value == pytest.approx(expected.mean().item())
    assert balanced.value == pytest.approx(100 * balanced_accuracy(predicted, y)[:3].mean().item())
    assert error.detail["attributes"] == list(names)
    assert error.detail["error"][:3] == pytest.approx(expected.tolist())
    assert error.detail["error"][3] is None
    assert error.detail["mean_always_commoner"] == pytest.approx(
        100 * minority_answer_rates(y)[:3].mean().item()
    )
    assert "NaN" not in json.dumps(dict(error.detail))


def test_the_spread_is_the_standard_error_over_rows() -> None:
    predicted, y = sample_answers(0.0)
    error = AttributeTestErrors(predicted.float() - 0.5, y, names=tuple("abcd"))(PositiveIsYes())
    each = 100 * (predicted != (y == 1)).double().mean(1)
    spread = error["attribute_error"].spread
    assert spread == pytest.approx(each.std().item() / math.sqrt(60))


def test_unknown_answers_are_not_among_the_rows_that_were_measured() -> None:
    predicted, y = sample_answers(0.0)
    y[2:] = torch.nan
    y[0, 1:] = torch.nan
    made = AttributeTestErrors(predicted.float() - 0.5, y, names=tuple("abcd"))(PositiveIsYes())
    assert [score.n for score in made.values()] == [2, 2]
    assert "test split, 2 rows" in made["attribute_error"].protocol
    with pytest.raises(InputError, match="No attribute of these rows is known"):
        AttributeTestErrors(predicted.float(), y.fill_(torch.nan), names=tuple("abcd"))(
            PositiveIsYes()
        )


def test_no_wrong_answer_is_no_certainty() -> None:
    predicted, _ = sample_answers()
    error = AttributeTestErrors(
        predicted[:10].float() - 0.5, predicted[:10].float(), names=tuple("abcd")
    )(PositiveIsYes())["attribute_error"]
    assert (error.value, error.spread) == (0.0, None)
    assert error.interval == pytest.approx((0, 27.753), abs=1e-3)


def test_a_method_that_predicts_no_attributes_is_refused() -> None:
    predicted, y = sample_answers()
    with pytest.raises(InputError, match="cannot predict attributes"):
        AttributeTestErrors(predicted.float(), y, names=tuple("abcd"))(object())
