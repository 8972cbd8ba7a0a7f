"""Classifiers that took no part in training and find attributes in pictures."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Protocol, final

import torch
from torch import Tensor

from ..data.attributes import NEGATION_PREFIX
from ..errors import InputError, unknown_name
from ..features.extractors import Extractor, extract_features
from ..features.registry import load_extractor
from ..features.trained import TrainedNetwork
from ..inference.batched import map_batches
from ..method import Describes


@dataclass(frozen=True, eq=False)
class AttributePrediction:
    """What a classifier finds in n pictures.

    Attributes:
        logits: Logits of the attributes on which a model was trained, (n, k): above 0 is yes.
        others: Probabilities of all other attributes that the classifier knows, (n, m).
    """

    logits: Tensor
    others: Tensor


class AttributeScorer(Protocol):
    """Finds k attributes in pictures, uint8 (n, c, h, w); `protocol` is what it is, in words."""

    @property
    def attributes(self) -> Sequence[str]: ...

    @property
    def protocol(self) -> str: ...

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction: ...

    def features(self, pictures: Tensor, device: str) -> Tensor:
        """Features for the likeness of two pictures: uint8 (n, c, h, w) -> (n, d)."""
        ...


@final
@dataclass(frozen=True, eq=False)
class ScorerEnsemble:
    """Several classifiers of the same attributes, harder to deceive together than alone.

    Logits and probabilities are means over them, features (n, sum of d) stand side by side.
    """

    scorers: Sequence[AttributeScorer]

    @property
    def attributes(self) -> Sequence[str]:
        return self.scorers[0].attributes

    @property
    def protocol(self) -> str:
        each = "; and ".join(scorer.protocol for scorer in self.scorers)
        return each if len(self.scorers) == 1 else f"mean logit of {len(self.scorers)}: {each}"

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        each = [scorer(pictures, device) for scorer in self.scorers]
        return AttributePrediction(
            torch.stack([prediction.logits for prediction in each]).mean(0),
            torch.stack([prediction.others for prediction in each]).mean(0),
        )

    def features(self, pictures: Tensor, device: str) -> Tensor:
        return torch.cat([scorer.features(pictures, device) for scorer in self.scorers], 1)


@dataclass(frozen=True, eq=False)
class ExtractorScorer(ABC):
    """A classifier of attributes by an extractor, which is loaded once.

    Attributes:
        extractor_name: Name of the extractor, see `load_extractor`.
    """

    extractor_name: str

    @property
    @abstractmethod
    def attributes(self) -> Sequence[str]: ...

    @property
    def protocol(self) -> str:
        return self._extractor.protocol

    @abstractmethod
    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction: ...

    def features(self, pictures: Tensor, device: str) -> Tensor:
        return extract_features(self._extractor, pictures, device=device).features

    @cached_property
    def _extractor(self) -> Extractor:
        return load_extractor(self.extractor_name)


@dataclass(frozen=True, eq=False)
class DerivedScorer(ExtractorScorer):
    """An extractor as a classifier of attributes that are derived from what it knows.

    Attributes:
        definitions: How each attribute is derived.
    """

    definitions: Mapping[str, Any]

    @property
    def attributes(self) -> Sequence[str]:
        return tuple(self.definitions)


@final
@dataclass(frozen=True, eq=False)
class MultilabelScorer(DerivedScorer):
    """A classifier of attributes; each one scored is any of several of them.

    The logit of "any of several" is the greatest of theirs, see `data.attributes`.
    """

    definitions: Mapping[str, Sequence[str]]

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        extractor = self._extractor
        logits, names = predict_attribute_logits(extractor, pictures, device)
        every = chain.from_iterable(self.definitions.values())
        used = {column.removeprefix(NEGATION_PREFIX) for column in every}
        for name in used:
            if name not in names:
                raise unknown_name(f"attribute of {extractor.name}", name, names)
        each = [compute_any_logit(logits, names, columns) for columns in self.definitions.values()]
        rest = [k for k, name in enumerate(names) if name not in used]
        return AttributePrediction(torch.stack(each, 1), logits[:, rest].sigmoid())


def predict_attribute_logits(
    extractor: Extractor, pictures: Tensor, device: str
) -> tuple[Tensor, Sequence[str]]:
    """Logits of an extractor that knows attributes, and their names: uint8 (n, c, h, w) -> (n, k).

    Raises:
        InputError: It knows none.
    """
    name, network = extractor.name, extractor.network.to(device)
    if not isinstance(network, TrainedNetwork) or not isinstance(network.method, Describes):
        raise InputError(f"{name} knows no attributes; a classifier of attributes is expected.")
    method, preprocess = network.method, network.preprocess
    logits = map_batches(lambda x: method.attributes(preprocess(x)).logits, pictures, device=device)
    return logits, network.space.attributes


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
class MulticlassScorer(DerivedScorer):
    """A classifier of classes, some of which have an attribute and some of which lack it.

    The logit is log of the probability of the former less log of that of the latter. Definitions
    are classes of each attribute with 1 or 0, see `data.attributes`.
    """

    definitions: Mapping[str, Mapping[str, int]]

    @torch.no_grad()
    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        extractor = self._extractor
        probs = extract_features(extractor, pictures, device=device).probs
        if probs is None:
            name = extractor.name
            raise InputError(f"{name} knows no classes; a classifier of classes is expected.")
        log_p = probs.clamp(min=torch.finfo(probs.dtype).tiny).log()
        logits = []
        for answers in self.definitions.values():
            for name in answers:
                if name not in extractor.classes:
                    raise unknown_name(f"class of {extractor.name}", name, extractor.classes)
            yes, no = (
                log_p[:, [extractor.classes.index(c) for c, a in answers.items() if a == answer]]
                for answer in (1, 0)
            )
            logits.append(yes.logsumexp(1) - no.logsumexp(1))
        return AttributePrediction(torch.stack(logits, 1), probs[:, :0])


def compare_predictions(
    before: tuple[AttributePrediction, Tensor], after: tuple[AttributePrediction, Tensor], k: int
) -> dict[str, Tensor]:
    """Changes in m pictures, apart from attribute k, by name: (m,) each.

    "likeness lost" is 1 - the cosine of features, "others changed" the mean change in per cent of
    the probabilities of other attributes, and "asked changed" of those on which models are trained.
    `before` and `after` are predictions and features (m, d).
    """
    (was, old), (now, new) = before, after
    changes = {"likeness lost": 1 - torch.cosine_similarity(old, new, dim=1)}
    if was.others.shape[1]:
        changes["others changed"] = 100 * (now.others - was.others).abs().mean(1)
    rest = [j for j in range(was.logits.shape[1]) if j != k]
    if rest:
        each = (now.logits.sigmoid() - was.logits.sigmoid()).abs()
        changes["asked changed"] = 100 * each[:, rest].mean(1)
    return changes
