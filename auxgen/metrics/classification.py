"""Measures of class probabilities and of attributes: errors, confusions, calibration.

Attributes are predicted (n, k) bool and y (n, k) float: 0 or 1, NaN where they are unknown.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class ReliabilityCurve(NamedTuple):
    """Mean confidence, accuracy and number of rows of each bin, all (bins,); 0 in empty bins."""

    confidence: Tensor
    accuracy: Tensor
    rows: Tensor


def classification_error(probs: Tensor, y: Tensor) -> Tensor:
    """Share of rows whose most probable class is wrong, in per cent: (n, k), (n,) -> ()."""
    return 100 * (probs.argmax(-1) != y).double().mean()


def count_confusions(y: Tensor, predicted: Tensor, k: int) -> Tensor:
    """Counts of (true class, predicted class): y (n,), predicted (n,) -> (k, k) int64."""
    return torch.bincount(y * k + predicted, minlength=k * k).reshape(k, k)


def brier_scores(probs: Tensor, y: Tensor) -> Tensor:
    """sum_k (p_nk - [y_n = k])^2 of each row, from 0 to 2: probs (n, k), y (n,) -> (n,)."""
    return (probs - F.one_hot(y, probs.shape[-1])).square().sum(-1)


def reliability_curve(probs: Tensor, y: Tensor, bins: int = 15) -> ReliabilityCurve:
    """Accuracy against confidence in `bins` equal bins of [0, 1]: probs (n, k), y (n,).

    A bin contains its lower edge and not its upper one, as in torchmetrics; the last has both.
    """
    confidence, predicted = probs.double().max(-1)
    inner = torch.linspace(0, 1, bins + 1, dtype=torch.float64, device=probs.device)[1:-1]
    index = torch.bucketize(confidence, inner, right=True)
    count = torch.bincount(index, minlength=bins)
    hits = torch.bincount(index, (predicted == y).double(), minlength=bins)
    sums = torch.bincount(index, confidence, minlength=bins)
    filled = count.clamp(min=1)
    return ReliabilityCurve(sums / filled, hits / filled, count)


def expected_calibration_error(probs: Tensor, y: Tensor, bins: int = 15) -> Tensor:
    """sum_b (n_b / n) |accuracy_b - confidence_b|, a fraction (Guo et al. 2017, eq. 3).

    probs (n, k), y (n,) -> ().
    """
    curve = reliability_curve(probs, y, bins)
    gap = (curve.accuracy - curve.confidence).abs()
    return (gap * curve.rows).sum() / curve.rows.sum()


def attribute_error_rates(predicted: Tensor, y: Tensor) -> Tensor:
    """Share of wrong answers among known rows, by attribute; NaN where none is known: -> (k,)."""
    known = ~y.isnan()
    return (known & (predicted != (y == 1))).sum(0) / known.sum(0).double()


def balanced_accuracy(predicted: Tensor, y: Tensor) -> Tensor:
    """Mean of the shares of yes and of no that are predicted correctly, by attribute: -> (k,).

    It is 1/2 for a constant answer, however rare the other answer is. Where only one answer occurs
    it is the share of that answer alone; NaN where none does.
    """
    recalls = [
        (predicted.eq(answer) & (y == answer)).sum(0) / (y == answer).sum(0).double()
        for answer in (0, 1)
    ]
    return torch.stack(recalls).nanmean(0)


def minority_answer_rates(y: Tensor) -> Tensor:
    """Share of known rows with the rarer answer, by attribute: -> (k,).

    It is the error of a model that always gives the commoner answer.
    """
    yes = y.double().nanmean(0)
    return yes.minimum(1 - yes)


def row_error_terms(predicted: Tensor, y: Tensor) -> Tensor:
    """Terms of rows whose mean is that of `attribute_error_rates` over known attributes: -> (n,).

    Each is the mean over attributes of [wrong] n / n_k, with n_k the known rows of attribute k.
    """
    known = ~y.isnan()
    count = known.sum(0).double()
    wrong = (known & (predicted != (y == 1)))[:, count > 0]
    return (wrong * len(y) / count[count > 0]).mean(1)
