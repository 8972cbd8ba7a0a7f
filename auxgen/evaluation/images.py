"""Scores of the pictures that a model makes: samples of its prior, and reconstructions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from typing import final

from torch import Tensor

from ..data.dataset import Dataset
from ..errors import InputError, unknown_name
from ..features import extractors
from ..features.extractors import ExtractedFeatures, Extractor, quantise_pictures
from ..features.registry import load_extractor
from ..inference.codes import reconstruct_rows, sample_rows
from ..metrics import reconstruction
from ..rng import get_device, use_seed
from ..score import Score
from .feature_distances import COMPARISONS, RealFeatures, compare_features
from .protocol import PictureEvaluation, make_mean_score, make_share_score


@final
@dataclass(frozen=True, eq=False)
class SampleQuality(PictureEvaluation):
    """Samples of the prior beside as many real pictures, by an extractor's features.

    Attributes:
        extractor: Name of the extractor, see `load_extractor`.
        measures: Names among FD, KD, CS, precision, recall, density, coverage.
        n: Number of samples; as many as there are real pictures when None.
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
        extractor = load_extractor(self.extractor)
        features = extractors.extract_features(extractor, fake, device=str(device))
        what = f"{n} samples beside {self.describe_real_rows()}, seed {self.seed}"
        return score_picture_sets(extractor, self.real, features, self.measures, what)


@final
@dataclass(frozen=True, eq=False)
class RealPictureQuality:
    """Real pictures in place of samples; the method is ignored.

    Attributes:
        real: Raw rows with which samples are compared.
        shown: Raw rows in place of samples.
        name: Name of `shown`, for the names of the scores.
        what: What the two sets are, for the protocol.
        groups: Groups of `shown`, over which class scores are taken.
    """

    real: Dataset
    shown: Dataset
    extractor: str
    measures: tuple[str, ...]
    name: str
    what: str
    groups: int = 10

    def __call__(self, method: object) -> dict[str, Score]:
        extractor = load_extractor(self.extractor)
        features = extractors.extract_cached_features(extractor, self.shown)
        scores = score_picture_sets(
            extractor,
            self.real,
            features,
            self.measures,
            self.what,
            self.groups,
            shuffled=self.shown.is_sorted_by_class,
        )
        return {f"{label} of {self.name}": score for label, score in scores.items()}


@final
@dataclass(frozen=True, eq=False)
class ReconstructionQuality(PictureEvaluation):
    """Reconstructions beside their originals, by an extractor's features.

    Attributes:
        measures: See `SampleQuality`; also accuracy, the share in per cent of reconstructions in
            which the extractor finds the original's label.
    """

    _: KW_ONLY
    extractor: str
    measures: tuple[str, ...] = ("FD",)

    def __call__(self, method: object) -> dict[str, Score]:
        back = reconstruct_rows(method, self.space, self.real.raw_rows())[:, 1]
        extractor = load_extractor(self.extractor)
        pictures, device = quantise_pictures(back), str(get_device(method))
        features = extractors.extract_features(extractor, pictures, device=device)
        what = f"reconstructions of {self.describe_real_rows()} beside them"
        scores = score_picture_sets(
            extractor, self.real, features, self.measures, what, shuffled=True
        )
        return {f"reconstruction {label}": score for label, score in scores.items()}


@final
@dataclass(frozen=True, eq=False)
class PixelSimilarity(PictureEvaluation):
    """How near reconstructions are to their originals, pixel by pixel.

    Attributes:
        measures: Names of PIXEL_MEASURES.
    """

    _: KW_ONLY
    measures: tuple[str, ...] = ("psnr", "l1", "ssim")

    def __call__(self, method: object) -> dict[str, Score]:
        for name in self.measures:
            if name not in PIXEL_MEASURES:
                raise unknown_name("measure of reconstructions", name, PIXEL_MEASURES)
        x, back = reconstruct_rows(method, self.space, self.real.raw_rows()).unbind(1)
        window = f", window of {reconstruction.ssim_window(*x.shape[2:])} pixels"
        rows = f"mean over reconstructions of {self.describe_real_rows()}"
        scores = {}
        for name in self.measures:
            measure, unit, what = PIXEL_MEASURES[name]
            protocol = f"{what}{window if name == 'ssim' else ''}; {rows}"
            scores[name] = make_mean_score(measure(x, back.clamp(0, 1)), unit, protocol)
        return scores


@final
@dataclass(frozen=True, eq=False)
class ExplainedVariance(PictureEvaluation):
    """What reconstructions keep of their originals' brightness and colours, coarsely."""

    def __call__(self, method: object) -> dict[str, Score]:
        x, back = reconstruct_rows(method, self.space, self.real.raw_rows()).unbind(1)
        what = (
            "share of the variance over rows, of means in a grid of 4 x 4, that reconstructions "
            f"have too; {self.describe_real_rows()}"
        )
        shares = reconstruction.explained_variance(x, back.clamp(0, 1))
        return {
            f"{name} explained": Score(100 * s, "%", len(x), what) for name, s in shares.items()
        }


@final
@dataclass(frozen=True, eq=False)
class GridPower(PictureEvaluation):
    """Whether reconstructions have a pattern of two pixels that their originals do not have."""

    def __call__(self, method: object) -> dict[str, Score]:
        x, back = reconstruct_rows(method, self.space, self.real.raw_rows()).unbind(1)
        shares = reconstruction.grid_power(x, back.clamp(0, 1))
        what = (
            "power of reconstructions {} of a pattern of 2 pixels, in either direction or both, "
            f"as a share of the originals' there, Hann window; {self.describe_real_rows()}"
        )
        places = {"grid": "at the frequencies", "beside": "two bins beside the frequencies"}
        return {
            f"power {name} of 2 pixels": Score(
                100 * shares[key], "%", len(x), what.format(places[key])
            )
            for key, name in (("grid", "on a grid"), ("beside", "beside a grid"))
        }


PIXEL_MEASURES: Mapping[str, tuple[Callable[[Tensor, Tensor], Tensor], str, str]] = {
    "psnr": (reconstruction.psnr, "dB", "peak signal-to-noise ratio"),
    "l1": (reconstruction.mean_absolute_error, "", "mean absolute difference of pixels in [0, 1]"),
    "ssim": (reconstruction.ssim, "", "structural similarity"),
    "high_frequency": (
        reconstruction.high_frequency_error,
        "",
        "power of the difference above half of the Nyquist frequency",
    ),
}
"""Measure of each pair, unit, name in words."""


def score_picture_sets(
    extractor: Extractor,
    real: Dataset,
    fake: ExtractedFeatures,
    measures: Sequence[str],
    what: str,
    groups: int = 10,
    *,
    shuffled: bool = False,
) -> dict[str, Score]:
    """Scores by the names that they may have: "FID" with the canonical Inception alone.

    Args:
        extractor: The extractor of the features.
        real: Real pictures, whose features are cached.
        fake: Features of the others.
        measures: Names of COMPARISONS, and "accuracy" of labels.
        what: What the two sets are, for the protocol.
        groups: Groups of the others, over which class scores are taken.
        shuffled: As for `RealFeatures`.

    Raises:
        InputError: There is no such measure, or it does not fit the extractor.
    """
    for measure in measures:
        if measure not in (*COMPARISONS, "accuracy"):
            raise unknown_name("measure of pictures", measure, [*COMPARISONS, "accuracy"])
    of_sets = [m for m in measures if m != "accuracy"]
    scores: dict[str, Score] = {}
    if of_sets:
        compute_moments = partial(extractors.compute_feature_moments, extractor, real)
        features = extractors.extract_cached_features(extractor, real).features
        compared = RealFeatures(features, compute_moments, groups, shuffled)
        scores = compare_features(compared, fake, of_sets)
    if "accuracy" in measures:
        scores["accuracy"] = _measure_label_accuracy(real, fake, extractor)
    what = f"{what}; {extractor.protocol}"
    return {
        extractor.format_metric(measure): replace(score, protocol=f"{score.protocol}; {what}")
        for measure, score in scores.items()
    }


def _measure_label_accuracy(real: Dataset, back: ExtractedFeatures, extractor: Extractor) -> Score:
    """Share of labelled rows whose reconstruction still shows their label, per cent."""
    labelled = real.y >= 0
    if back.probs is None or extractor.classes != real.classes or not labelled.any():
        raise InputError(
            f"{extractor.name} does not know the classes of {real.name}; an accuracy needs a "
            "classifier of these classes, and labelled rows."
        )
    right = (back.probs.argmax(1) == real.y)[labelled].double()
    return make_share_score(right.mean().item(), len(right), "labels found")
