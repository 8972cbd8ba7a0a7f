"""Linear probes of a trained network's features, which find attributes in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from ..data.dataset import Dataset
from ..features.extractors import extract_features
from ..features.registry import load_extractor
from ..functional.directions import Direction, fit_linear_probe
from .attribute_scorers import AttributePrediction


@final
@dataclass(frozen=True, eq=False)
class ProbeScorer:
    """Finds attributes by logistic regression of an extractor's features, see `fit_linear_probe`.

    The network took no part in training; the probes learn from the same answers as the model.

    Attributes:
        extractor_name: Name of the extractor, see `load_extractor`.
        rows: Pictures with answers, NaN where blank.
    """

    extractor_name: str
    rows: Dataset

    @property
    def attributes(self) -> Sequence[str]:
        return self.rows.attribute_names

    @property
    def protocol(self) -> str:
        count = len(self.rows.x)
        return f"linear probes, on {count} training rows, of {self._extractor.protocol}"

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        found = self.features(pictures, device)
        logits = torch.stack([probe.logit(found) for probe in self._probes], 1)
        return AttributePrediction(logits, found[:, :0])

    def features(self, pictures: Tensor, device: str) -> Tensor:
        return extract_features(self._extractor, pictures, device=device).features

    @cached_property
    def _extractor(self):
        return load_extractor(self.extractor_name)

    @cached_property
    def _probes(self) -> list[Direction]:
        found = self.features(self.rows.x, "cpu")
        answers = self.rows.require_attributes().unbind(1)
        pairs = zip(self.attributes, answers, strict=True)
        return [fit_linear_probe(name, found, y) for name, y in pairs]
