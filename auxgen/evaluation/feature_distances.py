"""Scores of one set of pictures beside another, both by an extractor's features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from torch import Tensor

from ..errors import InputError
from ..features.extractors import Extracted
from ..metrics import frechet as distances
from ..metrics import inception_score as class_scores
from ..metrics import precision_recall as manifolds
from ..score import Score


class Real(NamedTuple):
    """What is known of real pictures in an extractor's features, most of it from the cache.

    Attributes:
        features: (n, d).
        moments: Their mean and covariance, made when they are asked for.
    """

    features: Tensor
    moments: Callable[[], distances.Gaussian]


Compared = Callable[[Real, Extracted], Mapping[str, Score]]
"""Real pictures and others -> scores by name; their protocols say what was done."""


def frechet(real: Real, fake: Extracted) -> dict[str, Score]:
    """Frechet distance (Heusel et al. 2017): FD."""
    few = min(len(real.features), len(fake.features))
    score = Score(
        value=distances.frechet(real.moments(), distances.gaussian(fake.features)).item(),
        unit="",
        n=len(fake.features),
        protocol="Frechet distance",
        caution=distances.too_few(few, real.features.shape[1]),
    )
    return {"FD": score}


def kernel(real: Real, fake: Extracted) -> dict[str, Score]:
    """Kernel distance (Binkowski et al. 2018): KD, in the conventional 100 subsets of 1,000."""
    size = min(1000, len(real.features), len(fake.features))
    each = distances.kernel_distances(real.features, fake.features, subsets=100, size=size)
    score = Score(
        value=each.mean().item(),
        unit="",
        n=len(fake.features),
        spread=each.std(correction=0).item(),
        spread_is="standard deviation over subsets",
        protocol=f"unbiased squared kernel distance, cubic kernel, 100 subsets of {size}",
    )
    return {"KD": score}


def classes(real: Real, fake: Extracted) -> dict[str, Score]:
    """exp of the mean KL from the class probabilities to their mean (Salimans et al. 2016): CS.

    Of the fakes alone: 10 consecutive groups, 5,000 pictures each in the paper.
    """
    del real
    if fake.probs is None:
        raise InputError("A class score was asked for with features that know no classes.")
    each = class_scores.class_score(fake.probs, groups=10)
    score = Score(
        value=each.mean().item(),
        unit="",
        n=len(fake.probs),
        spread=each.std(correction=0).item(),
        spread_is="standard deviation over groups",
        protocol=f"class score, 10 groups of {len(fake.probs) // 10}",
    )
    return {"CS": score}


def precision_and_recall(real: Real, fake: Extracted) -> dict[str, Score]:
    """Improved precision and recall (Kynkaanniemi et al. 2019), fractions, k = 3."""
    found = manifolds.precision_recall(real.features, fake.features)._asdict()
    return {name: fraction(value, f"improved {name}, k = 3", fake) for name, value in found.items()}


def density_and_coverage(real: Real, fake: Extracted) -> dict[str, Score]:
    """Density and coverage (Naeem et al. 2020), k = 5; density may be above 1."""
    found = manifolds.density_coverage(real.features, fake.features)._asdict()
    return {name: fraction(value, f"{name}, k = 5", fake) for name, value in found.items()}


def fraction(value: Tensor, what: str, fake: Extracted) -> Score:
    return Score(value=value.item(), unit="", n=len(fake.features), protocol=what)


COMPARISONS: Mapping[str, Compared] = MappingProxyType(
    {
        "FD": frechet,
        "KD": kernel,
        "CS": classes,
        "precision": precision_and_recall,
        "recall": precision_and_recall,
        "density": density_and_coverage,
        "coverage": density_and_coverage,
    }
)
"""What makes each measure; one function makes those that share their work."""


def compare(real: Real, fake: Extracted, measures: Sequence[str]) -> dict[str, Score]:
    """The measures named, in their order."""
    found: dict[str, Score] = {}
    for measure in measures:
        if measure not in found:
            found |= COMPARISONS[measure](real, fake)
    return {measure: found[measure] for measure in measures}
