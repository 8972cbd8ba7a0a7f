"""Errors, attributes and calibration against scikit-learn, torchmetrics and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from metrics.attribute_answers import sample_answers
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    confusion_matrix,
    zero_one_loss,
)
from torch import Tensor
from torchmetrics.functional.classification import multiclass_calibration_error

from auxgen.metrics.classification import (
    attribute_error_rates,
    balanced_accuracy,
    brier_scores,
    classification_error,
    count_confusions,
    expected_calibration_error,
    minority_answer_rates,
    reliability_curve,
    row_error_terms,
)


@pytest.fixture
def probs_and_y() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    probs = torch.randn(500, 4, generator=generator, dtype=torch.float64).mul(2).softmax(-1)
    return probs, torch.randint(4, (500,), generator=generator)


def test_error_is_scikit_learns_zero_one_loss_in_per_cent(probs_and_y):
    probs, y = probs_and_y
    assert classification_error(probs, y).item() == pytest.approx(
        100 * zero_one_loss(y, probs.argmax(-1))
    )


def test_confusion_has_true_classes_as_rows_as_in_scikit_learn(probs_and_y):
    probs, y = probs_and_y
    predicted = probs.argmax(-1)
    ours = count_confusions(y, predicted, 4)
    np.testing.assert_array_equal(ours, confusion_matrix(y, predicted, labels=range(4)))


def test_confusion_counts_a_class_that_no_row_has():
    assert count_confusions(torch.tensor([0, 0]), torch.tensor([0, 1]), 3).tolist() == [
        [1, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
    ]


@pytest.mark.parametrize("bins", [5, 15])
def test_calibration_error_is_that_of_torchmetrics(probs_and_y, bins):
    probs, y = probs_and_y
    theirs = multiclass_calibration_error(probs, y, num_classes=4, n_bins=bins, norm="l1")
    assert expected_calibration_error(probs, y, bins).item() == pytest.approx(
        theirs.item(), abs=1e-6
    )


def test_calibration_error_of_certain_and_half_right_predictions_is_one_half():
    probs = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert expected_calibration_error(probs, torch.tensor([0, 1])).item() == 0.5


def test_reliability_puts_every_row_in_one_bin(probs_and_y):
    probs, y = probs_and_y
    curve = reliability_curve(probs, y, 10)
    assert curve.rows.sum() == len(y)
    mean = (curve.confidence * curve.rows).sum() / len(y)
    assert mean.item() == pytest.approx(probs.amax(-1).mean().item())
    right = (curve.accuracy * curve.rows).sum() / len(y)
    assert right.item() == pytest.approx(1 - classification_error(probs, y).item() / 100)


def test_brier_score_is_scikit_learns_of_two_classes_doubled(probs_and_y):
    one = probs_and_y[0][:, 0]
    y = (probs_and_y[1] > 1).long()
    probs = torch.stack([1 - one, one], -1)
    assert brier_scores(probs, y).mean().item() == pytest.approx(2 * brier_score_loss(y, one))


def test_brier_score_of_uniform_probabilities_is_one_less_one_kth():
    uniform = brier_scores(torch.full((3, 5), 0.2), torch.tensor([0, 1, 4]))
    assert uniform.tolist() == pytest.approx([0.8] * 3)


def of_each(predicted: Tensor, y: Tensor) -> list[tuple[np.ndarray, np.ndarray]]:
    """True and predicted answers of each attribute where it is known."""
    return [
        (c[~c.isnan()].numpy(), t[~c.isnan()].float().numpy())
        for t, c in zip(predicted.T, y.T, strict=True)
    ]


def test_errors_and_balanced_accuracies_are_scikit_learns() -> None:
    predicted, y = sample_answers()
    wrong, balanced = (
        attribute_error_rates(predicted, y),
        balanced_accuracy(predicted, y),
    )
    for k, (true, answers) in enumerate(of_each(predicted, y)):
        assert wrong[k].item() == pytest.approx(1 - accuracy_score(true, answers))
        assert balanced[k].item() == pytest.approx(balanced_accuracy_score(true, answers))


def test_the_commoner_answer_is_wrong_for_the_share_of_the_rarer() -> None:
    predicted, y = sample_answers()
    rarer = minority_answer_rates(y)
    for k, (true, _) in enumerate(of_each(predicted, y)):
        commoner = np.full(len(true), np.bincount(true.astype(int)).argmax())
        assert rarer[k].item() == pytest.approx(1 - accuracy_score(true, commoner))
        always = torch.full_like(predicted[:, :1], bool(commoner[0]))
        assert balanced_accuracy(always, y[:, k : k + 1]).item() == 0.5


@pytest.mark.parametrize("blank", [0.0, 0.3])
def test_terms_of_rows_have_the_mean_error_as_their_mean(blank: float) -> None:
    predicted, y = sample_answers(blank)
    expected = attribute_error_rates(predicted, y).mean()
    torch.testing.assert_close(row_error_terms(predicted, y).mean(), expected)


def test_without_blanks_a_rows_term_is_its_share_of_errors() -> None:
    predicted, y = sample_answers(0.0)
    torch.testing.assert_close(
        row_error_terms(predicted, y), (predicted != (y == 1)).double().mean(1)
    )


def test_what_is_never_known_or_only_one_way() -> None:
    predicted = torch.tensor([[True, True], [False, True]])
    y = torch.tensor([[float("nan"), 1.0], [float("nan"), 1.0]])
    assert attribute_error_rates(predicted, y)[0].isnan()
    assert balanced_accuracy(predicted, y)[0].isnan()
    assert balanced_accuracy(predicted, y)[1] == 1
    assert row_error_terms(predicted, y).tolist() == [0, 0]


def test_an_attribute_that_no_row_knows_adds_no_term() -> None:
    y = torch.tensor([[1.0, torch.nan], [0.0, torch.nan], [1.0, torch.nan]])
    wrong = torch.tensor([[True, True], [True, False], [False, True]])
    found = row_error_terms(wrong, y)
    torch.testing.assert_close(found, torch.tensor([0.0, 1.0, 1.0], dtype=found.dtype))


def test_an_attribute_that_one_row_knows_adds_its_term() -> None:
    y = torch.tensor([[1.0, 0.0], [0.0, torch.nan], [1.0, torch.nan]])
    found = row_error_terms(torch.ones(3, 2, dtype=torch.bool), y)
    torch.testing.assert_close(found, torch.tensor([1.5, 0.5, 0.0], dtype=found.dtype))


def test_a_confidence_on_the_edge_of_two_bins_is_in_the_upper_one() -> None:
    probs, y = torch.tensor([[0.5, 0.5], [1.0, 0.0]]), torch.tensor([0, 0])
    assert reliability_curve(probs, y, 2).rows.tolist() == [0, 2]


def test_there_are_15_bins_as_in_torchmetrics() -> None:
    rng = np.random.default_rng(0)
    probs = torch.from_numpy(rng.dirichlet([1.0] * 3, size=500))
    y = torch.from_numpy(rng.integers(0, 3, 500))
    expected = multiclass_calibration_error(probs, y, num_classes=3)
    assert expected_calibration_error(probs, y).item() == pytest.approx(expected.item(), abs=1e-6)
    assert len(reliability_curve(probs, y)[0]) == 15


@pytest.mark.parametrize("bins", [3, 15])
def test_a_reliability_curve_is_that_by_a_loop_over_rows(bins: int) -> None:
    """With confidences from 1/40 to 1/2, so that bins at either end are empty."""
    generator = torch.Generator().manual_seed(0)
    scale = torch.linspace(0, 2.5, 300, dtype=torch.float64)[:, None]
    logits = torch.randn(300, 40, generator=generator, dtype=torch.float64)
    probs, y = (scale * logits).softmax(-1).clamp(max=0.5), torch.randint(3, (300,))
    confidence, accuracy, rows = np.zeros((3, bins))
    for row, label in zip(probs.tolist(), y.tolist(), strict=True):
        place = int(max(row) * bins)
        rows[place] += 1
        confidence[place] += max(row)
        accuracy[place] += row.index(max(row)) == label
    assert (rows[0], rows[-1]) != (0, 0)
    found = reliability_curve(probs, y, bins)
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_allclose(found.confidence, confidence / rows.clip(1))
    np.testing.assert_allclose(found.accuracy, accuracy / rows.clip(1))
