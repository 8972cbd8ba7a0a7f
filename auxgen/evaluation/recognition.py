"""What classifiers find in pictures that a model makes: labels, attributes, layers of features."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from typing import final

from torch import Tensor, nn

from ..data.dataset import Preprocessor
from ..errors import InputError
from ..features.extractors import Extractor, extract_features, quantise_pictures
from ..features.registry import load_extractor
from ..inference.batched import map_batches
from ..inference.codes import reconstruct_rows, sample_rows
from ..inference.conditional import sample_where, satisfies_conditions
from ..metrics import classification
from ..rng import get_device, use_seed
from ..score import Score
from .attribute_scorers import AttributeScorer, predict_attribute_logits
from .protocol import PictureEvaluation, make_mean_score, make_share_score


@final
@dataclass(frozen=True, eq=False)
class FeatureErrors(PictureEvaluation):
    """Mean squared difference between a row's and its reconstruction's features, by layer.

    Attributes:
        taps: Raw pictures (b, c, h, w) in [0, 1] -> activations by layer, see `networks.taps`.
    """

    taps: nn.Module

    def __call__(self, method: object) -> dict[str, Score]:
        device = get_device(method)
        measure = partial(_measure_feature_errors, self.taps.to(device).eval())
        pairs = reconstruct_rows(method, self.space, self.real.raw_rows())
        each = map_batches(measure, pairs, device=device, batch_size=128)
        rows, scores = f"reconstructions of {self.describe_rows(len(self.real))}", {}
        for layer, error in each.items():
            what = f"mean over units of squared differences at {layer}, mean over {rows}"
            scores[f"feature error at {layer}"] = make_mean_score(error, "", what)
        return scores


def _measure_feature_errors(taps: nn.Module, pairs: Tensor) -> dict[str, Tensor]:
    """Mean over units of the squared difference: pairs (b, 2, c, h, w) -> (b,) by layer."""
    originals, reconstructions = taps(pairs[:, 0]), taps(pairs[:, 1].clamp(0, 1))
    return {
        layer: (h - reconstructions[layer]).float().square().flatten(1).mean(1)
        for layer, h in originals.items()
    }


@final
@dataclass(frozen=True, eq=False)
class RecognitionAccuracy(PictureEvaluation):
    """How often a classifier finds the labels of rows in their reconstructions, and in the rows.

    Attributes:
        extractor: Name of the classifier, see `load_extractor`; not one that trained the model.
        cut: Side in pixels of the square cut from the centre of each picture, for a classifier
            that was trained on such squares; None for the whole picture.
    """

    _: KW_ONLY
    extractor: str
    cut: int | None = None

    def __call__(self, method: object) -> dict[str, Score]:
        y = self.real.y if self.real.attributes is None else self.real.attributes
        known = y >= 0 if y.ndim == 1 else ~y.isnan().all(1)
        self.require_labels(known)
        rows, extractor = self.real[known], load_extractor(self.extractor)
        back = quantise_pictures(reconstruct_rows(method, self.space, rows.raw_rows())[:, 1])
        scores: dict[str, Score] = {}
        part = "" if self.cut is None else f"the central {self.cut} x {self.cut} pixels of "
        for kind, pictures in (("reconstructions", back), ("originals", rows.x)):
            shown = pictures if self.cut is None else crop_centre(pictures, self.cut)
            where = f"in {part}the {kind} of {self.describe_rows(len(rows))}; {extractor.protocol}"
            found = _score_recognition(extractor, shown, y[known], str(get_device(method)))
            for name, score in found.items():
                scores[f"{name} of {kind}"] = replace(score, protocol=f"{score.protocol} {where}")
        return scores


def crop_centre(pictures: Tensor, side: int) -> Tensor:
    """The square in the middle of each picture: (n, c, h, w) -> (n, c, side, side)."""
    down, across = ((length - side) // 2 for length in pictures.shape[2:])
    return pictures[:, :, down : down + side, across : across + side]


@final
@dataclass(frozen=True, eq=False)
class ConditionalSampleAccuracy(PictureEvaluation):
    """Samples given the classes or attributes of real rows, by a classifier that saw no sample.

    The real pictures' own score stands beside that of the samples, which can hardly be better.

    Attributes:
        real: Raw pictures; there is one sample with the labels of each.
        extractor: Name of the classifier, see `load_extractor`.
    """

    _: KW_ONLY
    extractor: str
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        labels = self.real.y if self.real.attributes is None else self.real.attributes
        known = labels >= 0 if labels.ndim == 1 else ~labels.isnan().any(1)
        self.require_labels(known)
        device, extractor, y = get_device(method), load_extractor(self.extractor), labels[known]
        with use_seed(self.seed, device):
            samples = quantise_pictures(sample_rows(method, self.space, len(y), y))
        what = f"labels of {self.describe_rows(len(y))}"
        sets = {
            "on_demand": (samples, f"samples asked for with the {what}, seed {self.seed}"),
            "of_real": (self.real.x[known], f"the real pictures with the {what}"),
        }
        scores: dict[str, Score] = {}
        for name, (pictures, rows) in sets.items():
            found = _score_recognition(extractor, pictures, y, str(device))
            for measure, score in found.items():
                protocol = f"{score.protocol}; {rows}; {extractor.protocol}"
                scores[f"{measure}_{name}"] = replace(score, protocol=protocol)
        return scores


def _score_recognition(
    extractor: Extractor, pictures: Tensor, y: Tensor, device: str
) -> Mapping[str, Score]:
    """How often a classifier finds y (n,) classes or (n, k) attributes in uint8 pictures."""
    if y.ndim == 1:
        probs = extract_features(extractor, pictures, device=device).probs
        if probs is None or probs.shape[1] <= int(y.max()):
            raise InputError(
                f"{extractor.name} does not know these classes; a classifier of them is expected."
            )
        share = (probs.argmax(1) == y).double().mean().item()
        return {"accuracy": make_share_score(share, len(y), "classes found")}
    predicted = predict_attribute_logits(extractor, pictures, device)[0] > 0
    value = 100 * classification.balanced_accuracy(predicted, y).nanmean().item()
    what = f"balanced accuracy, mean over {y.shape[1]} attributes"
    return {"balanced_accuracy": Score(value, "%", len(y), what)}


@final
@dataclass(frozen=True, eq=False)
class LangevinSampleAccuracy:
    """Samples given one attribute, by Langevin chains, as an independent classifier sees them.

    Attributes:
        n: Samples of each kind.
        alpha: Step size of the Langevin chains.
        steps: Steps of the Langevin chains.
    """

    space: Preprocessor
    _: KW_ONLY
    scorer: AttributeScorer
    n: int = 256
    alpha: float = 0.05
    steps: int = 500
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        device = get_device(method)
        with use_seed(self.seed, device):
            samples = quantise_pictures(sample_rows(method, self.space, self.n))
            prior = self.scorer(samples, str(device))
        scores: dict[str, Score] = {}
        what = self.describe_protocol("prior samples")
        for k, name in enumerate(self.scorer.attributes):
            scores[f"{name} in prior samples"] = score_positive_share(prior.logits[:, k], what)
            scores |= self.score_attribute(method, name, k)
        return scores

    def describe_protocol(self, what: str) -> str:
        return f"{what}; seed {self.seed}; {self.scorer.protocol}"

    def score_attribute(self, method: object, name: str, k: int) -> dict[str, Score]:
        """Scores of draws of p(z|y), of all and of those that the model itself accepts."""
        device, condition = get_device(method), {name: True}
        settings = {"alpha": self.alpha, "steps": self.steps, "rejecting": False}
        with use_seed(self.seed, device):
            drawn = sample_where(method, self.space, condition, self.n, **settings)
        good = satisfies_conditions(method, self.space, drawn.x, condition)
        logits = self.scorer(quantise_pictures(drawn.x), str(device)).logits[:, k]
        chains = f"corrected Langevin chains, alpha {self.alpha:g}, {self.steps} steps"
        every = self.describe_protocol(f"{chains}, none rejected")
        kept = self.describe_protocol(f"{chains}, those rejected that the model tells otherwise")
        scores = {
            "in draws": score_positive_share(logits, every),
            "in draws kept": score_positive_share(logits[good], kept),
        }
        for measure, value, unit, what in (
            ("kept", 100 * good.double().mean().item(), "%", "told so by the model"),
            ("acceptance", 100 * drawn.acceptance, "%", "share of proposals taken"),
            ("effective size", drawn.effective_size, "", "draws that half a chain is worth"),
        ):
            scores[measure] = Score(value, unit, self.n, f"{what}; {every}")
        return {f"{name} {measure}": score for measure, score in scores.items()}


def score_positive_share(logits: Tensor, what: str) -> Score:
    """Share of pictures, 0 of none, that a classifier finds to have an attribute: logits (n,)."""
    protocol = f"told to have it; {what}"
    if len(logits) == 0:
        return Score(0.0, "%", 0, protocol, caution="no picture is left")
    return make_share_score((logits > 0).double().mean().item(), len(logits), protocol)
