"""How good class probabilities are: errors, confusions, calibration. Pure functions."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class ReliabilityCurve(NamedTuple):
    """Mean confidence, accuracy and number of rows of each bin, all (bins,); 0 where empty."""

    confidence: Tensor
    accuracy: Tensor
    rows: Tensor


def classification_error(probs: Tensor, y: Tensor) -> Tensor:
    """Rows whose most probable class is not theirs, in per cent: probs (n, k), y (n,) -> ()."""
    return 100 * (probs.argmax(-1) != y).double().mean()


def count_confusions(y: Tensor, predicted: Tensor, k: int) -> Tensor:
    """Counts of (true class, predicted class): y (n,), predicted (n,) -> (k, k) int64."""
    return torch.bincount(y * k + predicted, minlength=k * k).reshape(k, k)


def brier_score(probs: Tensor, y: Tensor) -> Tensor:
    """mean_n sum_k (p_nk - [y_n = k])^2, from 0 to 2: probs (n, k), y (n,) -> ()."""
    return (probs - F.one_hot(y, probs.shape[-1])).square().sum(-1).mean()


def reliability_curve(probs: Tensor, y: Tensor, bins: int = 15) -> ReliabilityCurve:
    """Accuracy against confidence in `bins` equal bins of [0, 1]: probs (n, k), y (n,).

    A bin holds its lower edge and not its upper one, as in torchmetrics; the last holds both.
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
