"""Scores of the fits of benchmarks/few_labels.py, and whether methods differ over tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from few_labels_peers import AVERAGES, HELD_OUT_BY
from scipy import stats

from auxgen.metrics.calibration import apply_temperature, fit_temperature_of_few

COMMITTEE, ENSEMBLE, MIXED = "auxgen", "auxgen: M2s alone", "auxgen: M2s + LR + RF"
ENSEMBLE_WEIGHT = 2.0
MEAN_TEMPERATURE, MEAN_WORTH = 0.75, 3.0
"""Of means of peers, by development tables: where a temperature is held, by how many nats."""
LEAST = 1e-6
"""Least probability that is scored: no method is certain of what it has not seen."""
BINS = 15
HIGHER_IS_BETTER = {"accuracy": True, "log_loss": False, "brier": False, "ece": False}
Found = Mapping[str, Mapping[str, np.ndarray]]
"""What each method said of one draw: probs, held_out, seconds."""


def list_predictions(found: Found) -> Iterator[tuple[str, np.ndarray]]:
    """Names of methods and their probabilities at a temperature, with means of several."""
    for name, said in found.items():
        if name == COMMITTEE:
            yield name, said["probs"]  # its temperature is part of its fit
        else:
            yield name, soften_one(said["probs"], found[HELD_OUT_BY.get(name, name)])
    for name, parts in AVERAGES.items():
        yield name, soften_mean([(1.0, found[part]["probs"]) for part in parts], parts, found)
    if COMMITTEE in found:
        alone = found[COMMITTEE]["ensemble"]
        yield ENSEMBLE, alone  # as the committee's, their temperature is part of the fit
        others = [(1.0, found[part]["probs"]) for part in ("LR", "RF")]
        yield MIXED, soften_mean([(ENSEMBLE_WEIGHT, alone), *others], ("LR", "RF"), found)


def soften_one(probs: np.ndarray, judge: Mapping[str, np.ndarray]) -> np.ndarray:
    """Probabilities of one method, at the temperature of held-out rows."""
    y = torch.from_numpy(judge["y_held_out"])
    return soften(probs, fit_temperature_of_few(take_log(judge["held_out"]), y))


def soften_mean(
    voices: Sequence[tuple[float, np.ndarray]], judges: Sequence[str], found: Found
) -> np.ndarray:
    """A weighted mean, at the temperature of the mean of what `judges` say of held-out rows."""
    mean = np.sum([w * p for w, p in voices], axis=0) / sum(w for w, _ in voices)
    held_out = np.mean([found[judge]["held_out"] for judge in judges], axis=0)
    y = torch.from_numpy(found[judges[0]]["y_held_out"])
    prior = {"center": MEAN_TEMPERATURE, "worth": MEAN_WORTH}
    return soften(mean, fit_temperature_of_few(take_log(held_out), y, **prior))


def take_log(probs: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.log(np.maximum(probs.astype(float), LEAST)))


def soften(probs: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities in proportion to their power of 1 / T: (m, k) -> (m, k)."""
    return apply_temperature(take_log(probs), temperature).exp().numpy()


def score(probs: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Accuracy, log loss in nats, Brier score and calibration error: (m, k), (m,)."""
    probs = np.maximum(probs, LEAST)
    probs = probs / probs.sum(1, keepdims=True)
    right = probs.argmax(1) == y
    own = probs[np.arange(len(y)), y]
    return {
        "accuracy": float(right.mean()),
        "log_loss": float(-np.log(own).mean()),
        "brier": float((np.square(probs).sum(1) - 2 * own + 1).mean()),
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


def compare_methods(
    values: np.ndarray, methods: Sequence[str], ours: str, *, higher_is_better: bool
) -> dict[str, Any]:
    """Friedman's test over all methods, and Wilcoxon's of ours against each, Holm-corrected.

    values: one row for each table, a column for each method.
    """
    sign, place = (1 if higher_is_better else -1), list(methods).index(ours)
    gains = {
        m: sign * (values[:, place] - values[:, i]) for i, m in enumerate(methods) if m != ours
    }
    p_values = {m: compute_p_value(g) for m, g in gains.items()}
    corrected = correct_by_holm(p_values)
    friedman: Any = stats.friedmanchisquare(*values.T)
    return {
        "friedman_p": float(friedman.pvalue),
        "against": {
            m: {
                "gain": describe_gain(g),
                "wins_losses": [int((g > 0).sum()), int((g < 0).sum())],
                "wilcoxon_holm_p": corrected[m],
            }
            for m, g in gains.items()
        },
    }


def compute_p_value(gains: np.ndarray) -> float:
    """Of Wilcoxon's signed-rank test; 1 where nothing differs."""
    found: Any = stats.wilcoxon(gains) if gains.any() else None
    return 1.0 if found is None else float(found.pvalue)


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


def summarise(scores: Mapping[tuple[str, int, int], Mapping[str, dict[str, float]]]) -> dict:
    """Means, ranks and tests of scores by (table, labels, draw) and method.

    Means over draws come first; ranks are over (table, labels), tests over tables.
    """
    methods = list(next(iter(scores.values())))
    cases = sorted({(table, labels) for table, labels, _ in scores})
    tables = sorted({table for table, _ in cases})
    means = {
        measure: np.array(
            [
                [
                    np.mean([s[m][measure] for key, s in scores.items() if key[:2] == case])
                    for m in methods
                ]
                for case in cases
            ]
        )
        for measure in HIGHER_IS_BETTER
    }
    by_table = {
        measure: np.array([v[[c[0] == t for c in cases]].mean(0) for t in tables])
        for measure, v in means.items()
    }
    labels = sorted({n for _, n in cases})
    rows = {m: {} for m in methods}
    for measure, better in HIGHER_IS_BETTER.items():
        ranks = mean_ranks(means[measure], higher_is_better=better)
        for i, m in enumerate(methods):
            rows[m][measure] = round(float(by_table[measure][:, i].mean()), 4)
            rows[m][f"{measure}_rank"] = round(float(ranks[i]), 2)
            if measure in ("accuracy", "log_loss"):
                rows[m][f"{measure}_by_labels"] = [
                    round(float(means[measure][[c[1] == n for c in cases], i].mean()), 4)
                    for n in labels
                ]
    alone = [i for i, m in enumerate(methods) if m not in (*AVERAGES, ENSEMBLE, MIXED)]
    for measure, better in HIGHER_IS_BETTER.items():
        ranks = mean_ranks(means[measure][:, alone], higher_is_better=better)
        for i, rank in zip(alone, ranks, strict=True):
            rows[methods[i]][f"{measure}_rank_without_means"] = round(float(rank), 2)
    for m in methods:
        below = [s[m]["accuracy"] < s["MLP"]["accuracy"] - 0.05 for s in scores.values()]
        rows[m]["share_of_fits_5_points_below_the_mlp"] = round(float(np.mean(below)), 4)
    return {
        "tables": len(tables),
        "fits_of_each": len(scores),
        "labels_a_class": labels,
        "methods": rows,
        "tests": {
            measure: compare_methods(
                by_table[measure], methods, COMMITTEE, higher_is_better=HIGHER_IS_BETTER[measure]
            )
            for measure in ("accuracy", "log_loss")
        },
        "accuracy_by_table": {
            t: dict(zip(methods, row.round(4).tolist(), strict=True))
            for t, row in zip(tables, by_table["accuracy"], strict=True)
        },
    }
