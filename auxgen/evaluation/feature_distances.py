"""Scores of one set of pictures beside another, both by an extractor's features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from torch import Tensor

from ..errors import InputError
from ..features.extractors import ExtractedFeatures
from ..metrics import frechet as distances
from ..metrics import inception_score as class_scores
from ..metrics import precision_recall as manifolds
from ..score import Score


class RealFeatures(NamedTuple):
    """What is known of real pictures in an extractor's features, most of it from the cache.

    Attributes:
        features: (n, d).
        compute_moments: Their mean and covariance, made when they are asked for.
    """

    features: Tensor
    compute_moments: Callable[[], distances.GaussianMoments]


Comparison = Callable[[RealFeatures, ExtractedFeatures], Mapping[str, Score]]
"""Real pictures and others -> scores by name; their protocols say what was done."""


def _measure_frechet_distance(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """Frechet distance (Heusel et al. 2017): FD."""
    few = min(len(real.features), len(fake.features))
    score = Score(
        value=distances.frechet_distance(
            real.compute_moments(), distances.fit_gaussian(fake.features)
        ).item(),
        unit="",
        n=len(fake.features),
        protocol="Frechet distance",
        caution=distances.describe_too_few_rows(few, real.features.shape[1]),
    )
    return {"FD": score}


def _measure_kernel_distance(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """Kernel distance (Binkowski et al. 2018): KD, in the conventional 100 subsets of 1,000."""
    size = min(1000, len(real.features), len(fake.features))
    each = distances.sample_kernel_distances(real.features, fake.features, subsets=100, size=size)
    score = Score(
        value=each.mean().item(),
        unit="",
        n=len(fake.features),
        spread=each.std(correction=0).item(),
        spread_is="standard deviation over subsets",
        protocol=f"unbiased squared kernel distance, cubic kernel, 100 subsets of {size}",
    )
    return {"KD": score}


def _measure_class_score(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """exp of the mean KL from the class probabilities to their mean (Salimans et al. 2016): CS.

    Of the fakes alone: 10 consecutive groups, 5,000 pictures each in the paper.
    """
    del real
    if fake.probs is None:
        raise InputError("A class score was asked for with features that know no classes.")
    each = class_scores.classifier_scores(fake.probs, groups=10)
    score = Score(
        value=each.mean().item(),
        unit="",
        n=len(fake.probs),
        spread=each.std(correction=0).item(),
        spread_is="standard deviation over groups",
        protocol=f"class score, 10 groups of {len(fake.probs) // 10}",
    )
    return {"CS": score}


def _measure_precision_recall(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """Improved precision and recall (Kynkaanniemi et al. 2019), fractions, k = 3."""
    found = manifolds.precision_recall(real.features, fake.features)._asdict()
    return {
        name: _make_fraction_score(value, f"improved {name}, k = 3", fake)
        for name, value in found.items()
    }


def _measure_density_coverage(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """Density and coverage (Naeem et al. 2020), k = 5; density may be above 1."""
    found = manifolds.density_coverage(real.features, fake.features)._asdict()
    return {
        name: _make_fraction_score(value, f"{name}, k = 5", fake) for name, value in found.items()
    }


def _make_fraction_score(value: Tensor, what: str, fake: ExtractedFeatures) -> Score:
    return Score(value=value.item(), unit="", n=len(fake.features), protocol=what)


COMPARISONS: Mapping[str, Comparison] = MappingProxyType(
    {
        "FD": _measure_frechet_distance,
        "KD": _measure_kernel_distance,
        "CS": _measure_class_score,
        "precision": _measure_precision_recall,
        "recall": _measure_precision_recall,
        "density": _measure_density_coverage,
        "coverage": _measure_density_coverage,
    }
)
"""What makes each measure; one function makes those that share their work."""


def compare_features(
    real: RealFeatures, fake: ExtractedFeatures, measures: Sequence[str]
) -> dict[str, Score]:
    """The measures named, in their order."""
    found: dict[str, Score] = {}
    for measure in measures:
        if measure not in found:
            found |= COMPARISONS[measure](real, fake)
    return {measure: found[measure] for measure in measures}
