"""Scores of the fits of benchmarks/few_labels.py, and whether methods differ over tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from auxgen.metrics.calibration import apply_temperature

Probs = np.ndarray
LEAST = 1e-6
"""Least probability that is scored: no method is certain of what it has not seen."""
BINS = 15


def soften(probs: Probs, temperature: float) -> Probs:
    """Probabilities in proportion to their power of 1 / T: (m, k) -> (m, k)."""
    import torch

    logs = torch.from_numpy(np.log(np.maximum(probs, LEAST)))
    return apply_temperature(logs, temperature).exp().numpy()


def score(probs: Probs, y: np.ndarray) -> dict[str, float]:
    """Accuracy, log loss in nats, Brier score and calibration error: (m, k), (m,)."""
    probs = np.maximum(probs, LEAST)
    probs = probs / probs.sum(1, keepdims=True)
    right = probs.argmax(1) == y
    own = probs[np.arange(len(y)), y]
    squares = np.square(probs).sum(1) - 2 * own + 1
    return {
        "accuracy": float(right.mean()),
        "log_loss": float(-np.log(own).mean()),
        "brier": float(squares.mean()),
        "ece": expected_calibration_error(probs.max(1), right),
    }


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean gap between confidence and accuracy over 15 bins of equal width (Guo et al., 2017)."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((confidence[bins == b] - right[bins == b]).sum()) for b in np.unique(bins)]
    return float(sum(gaps) / len(right))


def mean_ranks(values: np.ndarray, *, higher_is_better: bool) -> np.ndarray:
    """Mean rank of each method over cases, 1 the best, ties shared: (cases, methods)."""
    return stats.rankdata(-values if higher_is_better else values, axis=1).mean(0)


def test_differences(
    values: np.ndarray, methods: Sequence[str], ours: str, *, higher_is_better: bool
) -> dict[str, Any]:
    """Friedman's test over all methods, and Wilcoxon's of ours against each, Holm-corrected.

    values: one row for each table, a column for each method.
    """
    place = list(methods).index(ours)
    others = [m for m in methods if m != ours]
    sign = 1 if higher_is_better else -1
    gains = {m: sign * (values[:, place] - values[:, list(methods).index(m)]) for m in others}
    p_values = {m: float(stats.wilcoxon(g).pvalue) if g.any() else 1.0 for m, g in gains.items()}
    return {
        "friedman_p": float(stats.friedmanchisquare(*values.T).pvalue),
        "wilcoxon_holm_p": correct_by_holm(p_values),
        "wins_losses": {m: [int((g > 0).sum()), int((g < 0).sum())] for m, g in gains.items()},
        "mean_gain": {m: describe_gain(g) for m, g in gains.items()},
    }


def describe_gain(gains: np.ndarray) -> list[float]:
    """Mean over tables and its 95 % interval by 10,000 bootstrap draws of tables."""
    rng = np.random.default_rng(0)
    means = gains[rng.integers(len(gains), size=(10_000, len(gains)))].mean(1)
    return [float(gains.mean()), *np.quantile(means, (0.025, 0.975)).tolist()]


def correct_by_holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down correction of several tests."""
    corrected, least = {}, 0.0
    for place, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        least = max(least, min(1.0, p * (len(p_values) - place)))
        corrected[name] = least
    return corrected
