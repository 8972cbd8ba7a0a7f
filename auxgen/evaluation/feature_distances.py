"""Scores of one set of pictures beside another, both by an extractor's features."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from ..features.extractors import ExtractedFeatures
from ..metrics import frechet, inception_score, precision_recall
from ..score import Score


class RealFeatures(NamedTuple):
    """Features of real pictures, most of them from the cache.

    Attributes:
        features: (n, d).
        compute_moments: Computes their mean and covariance, for the measures that need them.
        groups: Groups of the others, over which class scores are taken.
        shuffled: Whether groups are of rows drawn at random, and not of consecutive ones: files
            often stand class after class, and a group of one class has a score of 1.
    """

    features: Tensor
    compute_moments: Callable[[], frechet.GaussianMoments]
    groups: int = 10
    shuffled: bool = False


Comparison = Callable[[RealFeatures, ExtractedFeatures], Mapping[str, Score]]
"""Real pictures and others -> scores by name; their protocols say what was done."""


def _measure_frechet_distance(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """Frechet distance (Heusel et al. 2017): FD."""
    fewest = min(len(real.features), len(fake.features))
    value = frechet.frechet_distance(real.compute_moments(), frechet.fit_gaussian(fake.features))
    caution = frechet.describe_too_few_rows(fewest, real.features.shape[1])
    n = len(fake.features)
    return {"FD": Score(value.item(), "", n, "Frechet distance", caution=caution)}


def _measure_kernel_distance(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """Kernel distance (Binkowski et al. 2018): KD, in the conventional 100 subsets of 1,000."""
    size = min(1000, len(real.features), len(fake.features))
    each = frechet.sample_kernel_distances(real.features, fake.features, subsets=100, size=size)
    what = f"unbiased squared kernel distance, cubic kernel, 100 subsets of {size}"
    return {"KD": _score_parts(each, fake, what, "subsets")}


def _measure_class_score(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """exp of the mean KL from the class probabilities to their mean (Salimans et al. 2016): CS.

    It depends on the fakes alone: 10 groups, 5,000 pictures each in the paper. Small groups have
    small scores.
    """
    probs = fake.probs
    if probs is None:
        raise InputError(
            "A class score needs an extractor with class probabilities; this has none."
        )
    many = "1 group" if real.groups == 1 else f"{real.groups} groups"
    what = f"class score, {many} of {len(probs) // real.groups}"
    if real.shuffled:
        probs = probs[torch.randperm(len(probs), generator=torch.Generator().manual_seed(0))]
        what = f"{what}, drawn with seed 0"
    each = inception_score.classifier_scores(probs, groups=real.groups)
    return {"CS": _score_parts(each, fake, what, "groups")}


def _score_parts(each: Tensor, fake: ExtractedFeatures, what: str, parts: str) -> Score:
    """Mean of a measure over parts of the set, with its population standard deviation."""
    spread, spread_is = each.std(correction=0).item(), f"standard deviation over {parts}"
    return Score(each.mean().item(), "", len(fake.features), what, spread, spread_is)


def _measure_precision_recall(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """Improved precision and recall (Kynkaanniemi et al. 2019), fractions, k = 3."""
    fractions = precision_recall.precision_recall(real.features, fake.features)._asdict()
    return _score_fractions(fractions, len(fake.features), "improved {}, k = 3")


def _measure_density_coverage(real: RealFeatures, fake: ExtractedFeatures) -> dict[str, Score]:
    """Density and coverage (Naeem et al. 2020), k = 5; density may be above 1."""
    fractions = precision_recall.density_coverage(real.features, fake.features)._asdict()
    return _score_fractions(fractions, len(fake.features), "{}, k = 5")


def _score_fractions(fractions: Mapping[str, Tensor], n: int, what: str) -> dict[str, Score]:
    """Scores by name, which stands in what they are."""
    return {name: Score(v.item(), "", n, what.format(name)) for name, v in fractions.items()}


COMPARISONS: Mapping[str, Comparison] = {
    "FD": _measure_frechet_distance,
    "KD": _measure_kernel_distance,
    "CS": _measure_class_score,
    "precision": _measure_precision_recall,
    "recall": _measure_precision_recall,
    "density": _measure_density_coverage,
    "coverage": _measure_density_coverage,
}
"""The function of each measure; measures that share their work share a function."""


def compare_features(
    real: RealFeatures, fake: ExtractedFeatures, measures: Sequence[str]
) -> dict[str, Score]:
    """Scores of the measures, in their order."""
    scores: dict[str, Score] = {}
    for measure in measures:
        if measure not in scores:
            scores |= COMPARISONS[measure](real, fake)
    return {measure: scores[measure] for measure in measures}
