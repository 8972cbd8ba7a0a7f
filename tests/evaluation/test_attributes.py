"""Errors over attributes that are partly unknown, against scikit-learn."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from torch import Tensor
from torch.distributions import Bernoulli

from auxgen.errors import InputError
from auxgen.evaluation.classification import AttributeTestErrors
from auxgen.metrics import attributes


def drawn(blank: float = 0.3) -> tuple[Tensor, Tensor]:
    """What is told (60, 4) and what is true, skewed, with that share of blanks."""
    generator = torch.Generator().manual_seed(0)
    y = (torch.rand(60, 4, generator=generator) < torch.tensor([0.1, 0.5, 0.8, 0.3])).float()
    told = torch.where(torch.rand(60, 4, generator=generator) < 0.7, y, 1 - y) == 1
    y[torch.rand(60, 4, generator=generator) < blank] = torch.nan
    return told, y


def of_each(told: Tensor, y: Tensor) -> list[tuple[np.ndarray, np.ndarray]]:
    """True and told answers of each attribute where it is known."""
    return [(c[~c.isnan()].numpy(), t[~c.isnan()].float().numpy()) for t, c in zip(told.T, y.T)]  # noqa: B905


def test_errors_and_balanced_accuracies_are_scikit_learns() -> None:
    told, y = drawn()
    wrong, balanced = (
        attributes.attribute_error_rates(told, y),
        attributes.balanced_accuracy(told, y),
    )
    for k, (true, said) in enumerate(of_each(told, y)):
        assert wrong[k].item() == pytest.approx(1 - accuracy_score(true, said))
        assert balanced[k].item() == pytest.approx(balanced_accuracy_score(true, said))


def test_the_commoner_answer_is_wrong_for_the_share_of_the_rarer() -> None:
    told, y = drawn()
    rarer = attributes.minority_answer_rates(y)
    for k, (true, _) in enumerate(of_each(told, y)):
        commoner = np.full(len(true), np.bincount(true.astype(int)).argmax())
        assert rarer[k].item() == pytest.approx(1 - accuracy_score(true, commoner))
        always = torch.full_like(told[:, :1], bool(commoner[0]))
        assert attributes.balanced_accuracy(always, y[:, k : k + 1]).item() == 0.5


@pytest.mark.parametrize("blank", [0.0, 0.3])
def test_terms_of_rows_have_the_mean_error_as_their_mean(blank: float) -> None:
    told, y = drawn(blank)
    expected = attributes.attribute_error_rates(told, y).mean()
    torch.testing.assert_close(attributes.row_error_terms(told, y).mean(), expected)


def test_without_blanks_a_rows_term_is_its_share_told_wrong() -> None:
    told, y = drawn(0.0)
    torch.testing.assert_close(
        attributes.row_error_terms(told, y), (told != (y == 1)).double().mean(1)
    )


def test_what_is_never_known_or_only_one_way() -> None:
    told = torch.tensor([[True, True], [False, True]])
    y = torch.tensor([[float("nan"), 1.0], [float("nan"), 1.0]])
    assert attributes.attribute_error_rates(told, y)[0].isnan()
    assert attributes.balanced_accuracy(told, y)[0].isnan()
    assert attributes.balanced_accuracy(told, y)[1] == 1
    assert attributes.row_error_terms(told, y).tolist() == [0, 0]


class Told:
    """Says yes where x is positive."""

    def attributes(self, x: Tensor) -> Bernoulli:
        return Bernoulli(logits=10.0 * x)


def test_the_scores_are_means_over_attributes_with_each_ones_in_the_detail() -> None:
    told, y = drawn()
    y[:, 3] = torch.nan
    names = ("beard", "hat", "smile", "glasses")
    made = AttributeTestErrors(told.float() - 0.5, y, names=names, rows=7)
    error, balanced = made(Told()).values()
    expected = 100 * attributes.attribute_error_rates(told, y)[:3]
    assert error.value == pytest.approx(expected.mean().item())
    assert balanced.value == pytest.approx(
        100 * attributes.balanced_accuracy(told, y)[:3].mean().item()
    )
    assert error.detail["attributes"] == list(names)
    assert error.detail["error"][:3] == pytest.approx(expected.tolist())
    assert error.detail["error"][3] is None
    assert error.detail["mean_always_commoner"] == pytest.approx(
        100 * attributes.minority_answer_rates(y)[:3].mean().item()
    )
    assert "NaN" not in json.dumps(dict(error.detail))


def test_the_spread_is_the_standard_error_over_rows() -> None:
    told, y = drawn(0.0)
    error = AttributeTestErrors(told.float() - 0.5, y, names=tuple("abcd"))(Told())
    each = 100 * (told != (y == 1)).double().mean(1)
    spread = error["attribute_error"].spread
    assert spread == pytest.approx(each.std().item() / math.sqrt(60))


def test_a_method_that_tells_no_attributes_is_refused() -> None:
    told, y = drawn()
    with pytest.raises(InputError, match="cannot predict attributes"):
        AttributeTestErrors(told.float(), y, names=tuple("abcd"))(object())
