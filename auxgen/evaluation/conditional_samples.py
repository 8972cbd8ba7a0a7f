"""Scores of samples that were asked for by class or by attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from math import sqrt
from typing import final

from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..features.extractors import Extractor, extract_features, quantise_pictures
from ..features.registry import load_extractor
from ..inference.sampling import sample_rows
from ..metrics import attributes
from ..rng import get_device, use_seed
from ..score import Score
from .judges import predict_attribute_logits
from .protocol import BINOMIAL_STANDARD_ERROR


@final
@dataclass(frozen=True, eq=False)
class ConditionalSampleAccuracy:
    """Samples of the classes or attributes of real rows, by a classifier that saw no sample.

    What it finds in the real pictures themselves stands beside it: nothing can do much better.

    Attributes:
        real: Raw pictures; one sample is asked for with the labels of each.
        space: How the model sees raw rows.
        extractor: Name of the classifier, see `extractors.extractor`.
        split_name: For the protocol.
        seed: Of the draws.
    """

    real: Dataset
    space: Preprocessor
    _: KW_ONLY
    extractor: str
    split_name: str = "test"
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        asked = self.real.y if self.real.attributes is None else self.real.attributes
        known = asked >= 0 if asked.ndim == 1 else ~asked.isnan().any(1)
        if not known.any():
            raise InputError(
                f"No row of the {self.split_name} split is labelled; one or more is wanted."
            )
        device, found, y = get_device(method), load_extractor(self.extractor), asked[known]
        with use_seed(self.seed, device):
            drawn = quantise_pictures(sample_rows(method, self.space, len(y), y))
        sets = {"on_demand": drawn, "of_real": self.real.x[known]}
        what = f"labels of {len(y)} rows of the {self.split_name} split"
        each: dict[str, Score] = {}
        for name, pictures in sets.items():
            told = score_recognition(found, pictures, y, str(device))
            words = f"samples asked for with the {what}, seed {self.seed}"
            words = words if name == "on_demand" else f"the real pictures with the {what}"
            said = f"{words}; {found.protocol}"
            each |= {
                f"{m}_{name}": replace(s, protocol=f"{s.protocol}; {said}") for m, s in told.items()
            }
        return each


def score_recognition(
    found: Extractor, pictures: Tensor, y: Tensor, device: str
) -> Mapping[str, Score]:
    """How often a classifier finds y (n,) classes or (n, k) attributes in uint8 pictures."""
    if y.ndim == 1:
        probs = extract_features(found, pictures, device=device).probs
        if probs is None or probs.shape[1] <= int(y.max()):
            raise InputError(
                f"{found.name} does not tell these classes; a classifier of them is wanted."
            )
        share = (probs.argmax(1) == y).double().mean().item()
        spread = 100 * sqrt(share * (1 - share) / len(y))
        return {
            "accuracy": Score(
                100 * share, "%", len(y), "classes found", spread, BINOMIAL_STANDARD_ERROR
            )
        }
    told = predict_attribute_logits(found, pictures, device)[0] > 0
    value = 100 * attributes.balanced_accuracy(told, y).nanmean().item()
    what = f"balanced accuracy, mean over {y.shape[1]} attributes"
    return {"balanced_accuracy": Score(value, "%", len(y), what)}
