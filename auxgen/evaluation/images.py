"""Scores of the pictures that a model makes: samples of its prior, and reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import final

from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError, unknown_name
from ..features.extractors import (
    ExtractedFeatures,
    Extractor,
    compute_feature_moments,
    extract_cached_features,
    extract_features,
    quantise_pictures,
)
from ..features.registry import load_extractor
from ..inference.codes import reconstruct_rows
from ..inference.sampling import sample_rows
from ..metrics import reconstruction as closeness
from ..rng import get_device, use_seed
from ..score import Score
from .feature_distances import COMPARISONS, RealFeatures, compare_features
from .protocol import ROW_STANDARD_ERROR, standard_error


@dataclass(frozen=True, eq=False)
class PictureEvaluation:
    """What is common to measures of pictures.

    Attributes:
        real: Raw pictures to compare with.
        space: How the model sees raw rows.
        split_name: For the protocol.
    """

    real: Dataset
    space: Preprocessor
    _: KW_ONLY
    split_name: str = "test"

    def describe_real_rows(self) -> str:
        return f"the {len(self.real)} rows of the {self.split_name} split"


@final
@dataclass(frozen=True, eq=False)
class SampleQuality(PictureEvaluation):
    """Samples of the prior beside as many real pictures, by an extractor's features.

    Attributes:
        extractor: Its name, see `extractors.extractor`.
        measures: Of FD, KD, CS, precision, recall, density, coverage.
        n: Samples; as many as there are real pictures when None.
        seed: Of the draws.
    """

    _: KW_ONLY
    extractor: str
    measures: tuple[str, ...] = ("FD", "KD", "precision", "recall")
    n: int | None = None
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        device, n = get_device(method), self.n or len(self.real)
        with use_seed(self.seed, device):
            fake = quantise_pictures(sample_rows(method, self.space, n))
        found = load_extractor(self.extractor)
        made = extract_features(found, fake, device=str(device))
        what = f"{n} samples beside {self.describe_real_rows()}, seed {self.seed}"
        return score_picture_sets(found, self.real, made, self.measures, what)


@final
@dataclass(frozen=True, eq=False)
class ReconstructionQuality(PictureEvaluation):
    """Reconstructions beside their originals, by an extractor's features.

    Attributes:
        extractor: Its name, see `extractors.extractor`.
        measures: Of FD, KD, CS, precision, recall, density, coverage, accuracy; accuracy is the
            share of reconstructions in which the extractor finds the original's label, in per cent.
    """

    _: KW_ONLY
    extractor: str
    measures: tuple[str, ...] = ("FD",)

    def __call__(self, method: object) -> dict[str, Score]:
        back = reconstruct_rows(method, self.space, self.real.raw_rows())[:, 1]
        found = load_extractor(self.extractor)
        made = extract_features(found, quantise_pictures(back), device=str(get_device(method)))
        what = f"reconstructions of {self.describe_real_rows()} beside them"
        scores = score_picture_sets(found, self.real, made, self.measures, what)
        return {f"reconstruction {label}": score for label, score in scores.items()}


@final
@dataclass(frozen=True, eq=False)
class PixelSimilarity(PictureEvaluation):
    """How near reconstructions are to their originals, pixel by pixel.

    Attributes:
        measures: Of psnr, l1, ssim, high_frequency.
    """

    _: KW_ONLY
    measures: tuple[str, ...] = ("psnr", "l1", "ssim")

    def __call__(self, method: object) -> dict[str, Score]:
        x, back = reconstruct_rows(method, self.space, self.real.raw_rows()).unbind(1)
        return {name: self.score_measure(name, x, back.clamp(0, 1)) for name in self.measures}

    def score_measure(self, name: str, x: Tensor, back: Tensor) -> Score:
        if name not in PIXEL_MEASURES:
            raise unknown_name("measure of reconstructions", name, PIXEL_MEASURES)
        measure, unit, what = PIXEL_MEASURES[name]
        each = measure(x, back)
        if name == "ssim":
            what = f"{what}, window of {closeness.ssim_window(*x.shape[2:])} pixels"
        return Score(
            value=each.mean().item(),
            unit=unit,
            n=len(each),
            spread=standard_error(each),
            spread_is=ROW_STANDARD_ERROR,
            protocol=f"{what}; mean over reconstructions of {self.describe_real_rows()}",
        )


@final
@dataclass(frozen=True, eq=False)
class ExplainedVariance(PictureEvaluation):
    """What reconstructions keep of their originals' brightness and colours, coarsely."""

    def __call__(self, method: object) -> dict[str, Score]:
        x, back = reconstruct_rows(method, self.space, self.real.raw_rows()).unbind(1)
        what = "share of the variance over rows, of means in a grid of 4 x 4"
        return {
            f"{name} explained": Score(
                100 * value,
                "%",
                len(x),
                f"{what}, that reconstructions have too; {self.describe_real_rows()}",
            )
            for name, value in closeness.explained_variance(x, back.clamp(0, 1)).items()
        }


PIXEL_MEASURES: Mapping[str, tuple[Callable[[Tensor, Tensor], Tensor], str, str]] = (
    MappingProxyType(
        {
            "psnr": (closeness.psnr, "dB", "peak signal-to-noise ratio"),
            "l1": (
                closeness.mean_absolute_error,
                "",
                "mean absolute difference of pixels in [0, 1]",
            ),
            "ssim": (closeness.ssim, "", "structural similarity"),
            "high_frequency": (
                closeness.high_frequency_error,
                "",
                "power of the difference above half of the Nyquist frequency",
            ),
        }
    )
)
"""Measure of each pair, unit, name in words."""


def score_picture_sets(
    found: Extractor, real: Dataset, fake: ExtractedFeatures, measures: Sequence[str], what: str
) -> dict[str, Score]:
    """Scores by what they may be called: "FID" with the canonical Inception alone.

    Args:
        found: Whose features.
        real: Real pictures, whose features are kept once they are known.
        fake: Features of the others.
        measures: Of COMPARISONS, and "accuracy" of labels.
        what: What the two sets are, for the protocol.
    """
    for measure in measures:
        if measure not in (*COMPARISONS, "accuracy"):
            raise unknown_name("measure of pictures", measure, [*COMPARISONS, "accuracy"])
    of_sets = [m for m in measures if m != "accuracy"]
    scores = compare_features(_load_real_features(found, real), fake, of_sets) if of_sets else {}
    if "accuracy" in measures:
        scores["accuracy"] = _measure_label_accuracy(real, fake, found)
    return {
        found.format_metric(measure): replace(
            score, protocol=f"{score.protocol}; {what}; {found.protocol}"
        )
        for measure, score in scores.items()
    }


def _load_real_features(found: Extractor, real: Dataset) -> RealFeatures:
    """Features of real pictures, and their moments, from the cache where they are known."""
    return RealFeatures(
        extract_cached_features(found, real).features, partial(compute_feature_moments, found, real)
    )


def _measure_label_accuracy(real: Dataset, back: ExtractedFeatures, found: Extractor) -> Score:
    """Share of labelled rows whose reconstruction still shows their label, per cent."""
    labelled = real.y >= 0
    if back.probs is None or found.classes != real.classes or not labelled.any():
        raise InputError(
            f"{found.name} does not tell the classes of {real.name}; wanted for an accuracy is a "
            "classifier of these classes, and labelled rows."
        )
    right = (back.probs.argmax(1) == real.y)[labelled].double()
    return Score(
        value=100 * right.mean().item(),
        unit="%",
        n=len(right),
        spread=100 * (standard_error(right) or 0),
        spread_is=ROW_STANDARD_ERROR,
        protocol="labels found",
    )
