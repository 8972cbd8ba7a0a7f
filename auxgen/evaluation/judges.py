"""Classifiers that took no part in training, and say of pictures what attributes they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, final

import torch
from torch import Tensor

from ..data.attributes import NEGATION_PREFIX
from ..errors import InputError, unknown_name
from ..features.extractors import Extractor, extract_features
from ..features.registry import load_extractor
from ..features.trained import TrainedNetwork
from ..method import Describes


@dataclass(frozen=True, eq=False)
class AttributePrediction:
    """What is said of n pictures.

    Attributes:
        logits: Of the attributes that a model was trained on, (n, k): above 0 is yes.
        others: Probabilities of whatever else is told, (n, m).
    """

    logits: Tensor
    others: Tensor


class AttributeScorer(Protocol):
    """Tells attributes of pictures."""

    @property
    def attributes(self) -> Sequence[str]:
        """Names of the k attributes."""
        ...

    @property
    def protocol(self) -> str:
        """What it is, in words."""
        ...

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        """uint8 (n, c, h, w)."""
        ...

    def features(self, pictures: Tensor, device: str) -> Tensor:
        """What it tells them by, for the likeness of two pictures: uint8 (n, c, h, w) -> (n, d)."""
        ...


@final
@dataclass(frozen=True, eq=False)
class ScorerEnsemble:
    """Several judges of the same attributes, which are harder to deceive together than alone.

    Logits and probabilities are means over them, features stand side by side.

    Attributes:
        scorers: One or more.
    """

    scorers: Sequence[AttributeScorer]

    @property
    def attributes(self) -> Sequence[str]:
        return self.scorers[0].attributes

    @property
    def protocol(self) -> str:
        told = "; and ".join(judge.protocol for judge in self.scorers)
        return told if len(self.scorers) == 1 else f"mean logit of {len(self.scorers)}: {told}"

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        each = [judge(pictures, device) for judge in self.scorers]
        logits = torch.stack([verdict.logits for verdict in each])
        return AttributePrediction(
            logits.mean(0), torch.stack([verdict.others for verdict in each]).mean(0)
        )

    def features(self, pictures: Tensor, device: str) -> Tensor:
        """uint8 (n, c, h, w) -> (n, sum of d)."""
        return torch.cat([judge.features(pictures, device) for judge in self.scorers], 1)


@final
@dataclass(frozen=True, eq=False)
class MultilabelScorer:
    """A classifier of attributes, of which some or any of several are asked for.

    The logit of "any of several" is the greatest of theirs.

    Attributes:
        extractor_name: Its name, see `extractors.extractor`.
        definitions: Attributes by name, each any of several, see `data.described`.
    """

    extractor_name: str
    definitions: Mapping[str, Sequence[str]]

    @property
    def attributes(self) -> Sequence[str]:
        return tuple(self.definitions)

    @property
    def protocol(self) -> str:
        return load_extractor(self.extractor_name).protocol

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        found = load_extractor(self.extractor_name)
        logits, names = predict_attribute_logits(found, pictures, device)
        used = {
            c.removeprefix(NEGATION_PREFIX)
            for columns in self.definitions.values()
            for c in columns
        }
        for name in used:
            if name not in names:
                raise unknown_name(f"attribute of {found.name}", name, names)
        asked = [compute_any_logit(logits, names, columns) for columns in self.definitions.values()]
        rest = [k for k, name in enumerate(names) if name not in used]
        return AttributePrediction(torch.stack(asked, 1), logits[:, rest].sigmoid())

    def features(self, pictures: Tensor, device: str) -> Tensor:
        """uint8 (n, c, h, w) -> (n, d)."""
        return extract_features(
            load_extractor(self.extractor_name), pictures, device=device
        ).features


@torch.no_grad()
def predict_attribute_logits(
    extractor: Extractor, pictures: Tensor, device: str
) -> tuple[Tensor, Sequence[str]]:
    """What an extractor that tells attributes says: uint8 (n, c, h, w) -> (n, k), and k names.

    Raises:
        InputError: It tells none.
    """
    network = extractor.network.to(device)
    if not isinstance(network, TrainedNetwork) or not isinstance(network.method, Describes):
        raise InputError(f"{extractor.name} tells no attributes; a classifier of them is wanted.")
    parts = [
        network.method.attributes(network.preprocess(p.to(device))) for p in pictures.split(256)
    ]
    return torch.cat([part.logits.cpu() for part in parts]), network.space.attributes


def compute_any_logit(logits: Tensor, names: Sequence[str], columns: Sequence[str]) -> Tensor:
    """The greatest of the columns' logits, those with "not " before them negated: -> (n,)."""
    each = [
        logits[:, list(names).index(c.removeprefix(NEGATION_PREFIX))]
        * (-1 if c.startswith(NEGATION_PREFIX) else 1)
        for c in columns
    ]
    return torch.stack(each, 1).amax(1)


@final
@dataclass(frozen=True, eq=False)
class MulticlassScorer:
    """A classifier of classes, some of which have an attribute and some have not.

    The logit is log of the probability of the former less log of that of the latter.

    Attributes:
        extractor_name: Its name, see `extractors.extractor`.
        definitions: Of each attribute, classes with 1 or 0, see `data.described.of_classes`.
    """

    extractor_name: str
    definitions: Mapping[str, Mapping[str, int]]

    @property
    def attributes(self) -> Sequence[str]:
        return tuple(self.definitions)

    @property
    def protocol(self) -> str:
        return load_extractor(self.extractor_name).protocol

    @torch.no_grad()
    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        found = load_extractor(self.extractor_name)
        told = extract_features(found, pictures, device=device)
        if told.probs is None:
            raise InputError(
                f"{found.name} tells no classes; a classifier of them is wanted to judge edits."
            )
        least = torch.finfo(told.probs.dtype).tiny
        log_p = told.probs.clamp(min=least).log()
        logits = []
        for answers in self.definitions.values():
            for name in answers:
                if name not in found.classes:
                    raise unknown_name(f"class of {found.name}", name, found.classes)
            sides = [
                [found.classes.index(name) for name, answer in answers.items() if answer == side]
                for side in (1, 0)
            ]
            yes, no = (log_p[:, side].logsumexp(1) for side in sides)
            logits.append(yes - no)
        return AttributePrediction(torch.stack(logits, 1), told.probs[:, :0])

    def features(self, pictures: Tensor, device: str) -> Tensor:
        """uint8 (n, c, h, w) -> (n, d)."""
        return extract_features(
            load_extractor(self.extractor_name), pictures, device=device
        ).features
