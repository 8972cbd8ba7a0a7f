"""A residual network that answers yes or no to each of several attributes, some of them unknown."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli

from ..data.batches import LabelledBatch
from ..method import Method, Moves, descend
from ..networks.distributions import VALIDATE, Conditional
from .classifiers import extract_penultimate_features


def attribute_distribution(logits: Tensor) -> Bernoulli:
    """Yes or no to every attribute: logits (b, k) -> batch (b, k)."""
    return Bernoulli(logits=logits, validate_args=VALIDATE)


def attribute_log_likelihood(q_y: Bernoulli, y: Tensor) -> Tensor:
    """log q of what is known of each row, nats: q_y batch (b, k), y (b, k), NaN blank -> (b,).

    Attributes are independent given x, so that summing a blank one out leaves those known.
    """
    known = ~y.isnan()
    each = q_y.log_prob(y.where(known, torch.zeros_like(y)))
    return each.where(known, torch.zeros_like(each)).sum(-1)


@final
class AttributeClassifier(Method):
    """q(y|x) = prod_k Bernoulli(y_k | linear(features(x))_k)."""

    def __init__(self, *, q_y: Conditional) -> None:
        """Takes q(y|x), whose network has features, as `networks.residual.ResNet` has."""
        super().__init__()
        self.q_y = q_y

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"classifier": (self.q_y,)}

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """Cross-entropy of the known attributes, nats, summed over them, mean over rows."""
        cross_entropy = -attribute_log_likelihood(self.attributes(batch.x), batch.y).mean()
        yield from descend(cross_entropy, "classifier", cross_entropy=cross_entropy)

    def attributes(self, x: Tensor) -> Bernoulli:
        """q(y_k|x): x (b, c, h, w) -> batch (b, k)."""
        return self.q_y(x)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees: x (b, c, h, w) -> (b, d)."""
        return extract_penultimate_features(self.q_y, x)
