"""Linear probes of a trained network's features, which find attributes in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from ..data.dataset import Dataset
from ..functional.directions import Direction, fit_linear_probe
from .attribute_scorers import AttributePrediction, ExtractorScorer


@final
@dataclass(frozen=True, eq=False)
class ProbeScorer(ExtractorScorer):
    """Finds attributes by logistic regression of an extractor's features, see `fit_linear_probe`.

    The network took no part in training; the probes learn from the same answers as the model.

    Attributes:
        rows: Pictures with answers, NaN where blank.
    """

    rows: Dataset

    @property
    def attributes(self) -> Sequence[str]:
        return self.rows.attribute_names

    @property
    def protocol(self) -> str:
        count = len(self.rows.x)
        return f"linear probes, on {count} training rows, of {super().protocol}"

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        found = self.features(pictures, device)
        logits = torch.stack([probe.logit(found) for probe in self._probes], 1)
        return AttributePrediction(logits, found[:, :0])

    @cached_property
    def _probes(self) -> list[Direction]:
        found = self.features(self.rows.x, "cpu")
        answers = self.rows.require_attributes().unbind(1)
        pairs = zip(self.attributes, answers, strict=True)
        return [fit_linear_probe(name, found, y) for name, y in pairs]
