"""Residual classifiers of classes and of attributes: their losses, blanks and features."""

from __future__ import annotations

from math import log
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical

from auxgen.builders import Recipe
from auxgen.data.batches import LabelledBatch, SemiSupervisedBatch
from auxgen.method import Classifies, Describes, Extracts, Gradient
from auxgen.methods.classifiers import (
    AttributeClassifier,
    ImageClassifier,
    attribute_distribution,
    attribute_log_likelihood,
)
from auxgen.networks.distributions import skip_argument_checks

NAN = float("nan")


def attributes() -> AttributeClassifier:
    torch.manual_seed(0)
    sizes = {"channels": 1, "attributes": 3, "blocks": 1, "width": 4}
    method = Recipe("attribute_classifier", sizes).build().double()
    assert isinstance(method, AttributeClassifier)
    return method


def classes() -> ImageClassifier:
    torch.manual_seed(0)
    sizes = {"channels": 2, "classes": 4, "blocks": 1, "width": 4}
    method = Recipe("image_classifier", sizes).build().double()
    assert isinstance(method, ImageClassifier)
    return method


def loss(method: AttributeClassifier | ImageClassifier, batch: LabelledBatch) -> Tensor:
    move = next(iter(method.round(batch, torch.tensor(0))))
    assert isinstance(move, Gradient)
    return move.loss


def images(rows: int, channels: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(rows, channels, 8, 8, generator=generator, dtype=torch.float64)


def known(rows: int) -> Tensor:
    """Attributes with blanks, a row of blanks and one of none among them."""
    generator = torch.Generator().manual_seed(2)
    y = torch.randint(2, (rows, 3), generator=generator).double()
    y[torch.rand(rows, 3, generator=generator) < 0.4] = NAN
    y[0], y[1] = NAN, torch.tensor([1.0, 0.0, 1.0])
    return y


def test_the_likelihood_of_attributes_is_the_sum_over_those_known() -> None:
    logits, y = torch.randn(6, 3, dtype=torch.float64), known(6)
    found = attribute_log_likelihood(attribute_distribution(logits), y)
    for i in range(6):
        expected = 0.0
        for k in range(3):
            p = 1 / (1 + torch.exp(-logits[i, k]).item())
            if y[i, k] == 1:
                expected += log(p)
            elif y[i, k] == 0:
                expected += log(1 - p)
        assert found[i].item() == pytest.approx(expected, abs=1e-12)


def test_answers_that_are_neither_yes_nor_no_are_noticed_where_arguments_are_checked() -> None:
    answers = torch.tensor([[1.0, 2.0]])
    with pytest.raises(ValueError, match="support"):
        attribute_distribution(torch.zeros(1, 2)).log_prob(answers)
    with skip_argument_checks():
        attribute_distribution(torch.zeros(1, 2)).log_prob(answers)


def test_a_blank_is_summed_out() -> None:
    """p(y_1) = sum over y_2 of p(y_1, y_2), by enumeration."""
    q_y = attribute_distribution(torch.tensor([[0.3, -1.2]], dtype=torch.float64))
    both = torch.tensor([[1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    joint = torch.stack([attribute_log_likelihood(q_y, y[None]) for y in both]).logsumexp(0)
    blank = torch.tensor([[1.0, NAN]], dtype=torch.float64)
    torch.testing.assert_close(attribute_log_likelihood(q_y, blank), joint)


def test_the_gradient_of_a_blank_is_zero_and_of_what_is_known_is_not() -> None:
    logits = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    y = known(6)
    attribute_log_likelihood(attribute_distribution(logits), y).sum().backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad == 0, y.isnan())
    residual = torch.where(y.isnan(), 0.0, y - logits.detach().sigmoid())
    torch.testing.assert_close(logits.grad, residual)


def test_a_column_of_blanks_teaches_nothing_of_its_attribute() -> None:
    method, y = attributes(), known(6)
    y[:, 1] = NAN
    loss(method, LabelledBatch(images(6), y)).backward()
    linear = method.q_y.network.linear
    assert linear.weight.grad is not None  # pyright: ignore
    assert (linear.weight.grad[1] == 0).all()  # pyright: ignore
    assert (linear.weight.grad[[0, 2]] != 0).any()  # pyright: ignore


def test_the_loss_of_a_round_is_the_mean_over_rows() -> None:
    method, x, y = attributes(), images(5), known(5)
    expected = -attribute_log_likelihood(method.attributes(x), y).sum() / 5
    torch.testing.assert_close(loss(method, LabelledBatch(x, y)), expected)


def test_the_loss_of_classes_is_the_cross_entropy() -> None:
    method, x, y = classes(), images(5, 2), torch.tensor([0, 3, 1, 2, 3])
    logits = method.q_y.network(x)
    expected = -(logits - logits.logsumexp(1, keepdim=True))[torch.arange(5), y].mean()
    torch.testing.assert_close(loss(method, LabelledBatch(x, y)), expected)


@pytest.mark.parametrize("prior_rows", [1, 9, 1000])
def test_a_classifier_of_rows_has_the_prior_of_its_weights_once_in_so_many_rows(
    prior_rows: int,
) -> None:
    torch.manual_seed(0)
    sizes = {"x": 6, "hidden": [8], "classes": 3, "prior_rows": prior_rows}
    method: Any = Recipe("classifier", sizes).build()
    x, y = torch.rand(7, 6), torch.arange(7) % 3
    move = next(method.round(SemiSupervisedBatch(x, y, torch.full((4, 6), NAN)), torch.tensor(0)))
    assert isinstance(move, Gradient)
    squares = sum(p.square().sum() for name, p in method.named_parameters() if "weight" in name)
    nll = torch.nn.functional.cross_entropy(method.q_y.network(x), y)
    torch.testing.assert_close(move.loss, nll + squares / 2 / prior_rows)
    torch.testing.assert_close(move.terms["cross_entropy"], nll)


def test_both_extract_features_that_a_linear_map_turns_into_what_they_tell() -> None:
    for method, channels in ((attributes(), 1), (classes(), 2)):
        method.eval()
        x = images(5, channels)
        assert isinstance(method, Extracts)
        features = method.features(x)
        assert features.shape == (5, 16)
        logits = method.q_y.network.linear(features)  # pyright: ignore
        if isinstance(method, ImageClassifier):
            expected = Categorical(logits=logits).probs
            torch.testing.assert_close(method.classify(x).probs, expected)
        else:
            predicted = method.attributes(x)
            assert predicted.batch_shape == (5, 3)
            torch.testing.assert_close(predicted.probs, logits.sigmoid())


def test_one_classifies_and_the_other_describes() -> None:
    assert isinstance(classes(), Classifies)
    assert not isinstance(classes(), Describes)
    assert isinstance(attributes(), Describes)
    assert not isinstance(attributes(), Classifies)


@pytest.mark.parametrize("of_attributes", [False, True])
def test_the_log_has_the_cross_entropy_by_its_name(of_attributes: bool) -> None:
    x = torch.rand(5, 1 if of_attributes else 2, 8, 8, dtype=torch.float64)
    y = torch.ones(5, 3) if of_attributes else torch.arange(5) % 4
    method = attributes() if of_attributes else classes()
    move = next(iter(method.round(LabelledBatch(x, y), torch.tensor(0))))
    assert isinstance(move, Gradient)
    assert move.terms.keys() == {"cross_entropy"}
    torch.testing.assert_close(move.terms["cross_entropy"], move.loss)
