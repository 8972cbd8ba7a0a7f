"""Classifiers without a generative model: of vectors, and residual networks of images."""

from abc import ABC
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical

from ..data.batches import LabelledBatch, SemiSupervisedBatch
from ..functional.bounds import weight_prior
from ..method import Extracts, Method, Moves, descend
from ..networks.distributions import Conditional, checks_arguments


@final
class Classifier(Method):
    """q(y|x) of the labelled rows alone, with the weight prior of semi-supervised models."""

    def __init__(self, *, q_y: Conditional, prior_rows: int) -> None:
        super().__init__()
        self.q_y, self.prior_rows = q_y, prior_rows

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"classifier": (self.q_y,)}

    def round(self, batch: SemiSupervisedBatch, step: Tensor) -> Moves:
        """Cross-entropy of the labelled rows, nats; the unlabelled ones are ignored."""
        cross_entropy = -self.classify(batch.x).log_prob(batch.y).mean()
        prior = weight_prior(self) / self.prior_rows
        terms = {"cross_entropy": cross_entropy, "prior": prior}
        yield from descend(cross_entropy + prior, "classifier", **terms)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|x), which has nothing to average: x (b, d) -> batch (b,)."""
        del draws
        return self.q_y(x)


class FeatureClassifier(Method, ABC):
    """Networks of classifiers of images, linear in features: the common part of those below."""

    def __init__(self, *, q_y: Conditional) -> None:
        """Takes q(y|x), whose network has features, as `networks.residual.ResNet` has."""
        super().__init__()
        self.q_y = q_y

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"classifier": (self.q_y,)}

    def features(self, x: Tensor) -> Tensor:
        """The input of the last layer: x (b, c, h, w) -> (b, d)."""
        network = self.q_y.network
        assert isinstance(network, Extracts)
        return network.features(x)


@final
class ImageClassifier(FeatureClassifier):
    """q(y|x) = Categorical(y | linear(features(x)))."""

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """Cross-entropy, nats, mean over rows."""
        cross_entropy = -self.classify(batch.x).log_prob(batch.y).mean()
        yield from descend(cross_entropy, "classifier", cross_entropy=cross_entropy)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|x), which has nothing to average: x (b, c, h, w) -> batch (b,)."""
        del draws
        return self.q_y(x)


@final
class AttributeClassifier(FeatureClassifier):
    """q(y|x) = prod_k Bernoulli(y_k | linear(features(x))_k), where some y_k may be unknown."""

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """Cross-entropy of the known attributes, nats, summed over them, mean over rows."""
        cross_entropy = -attribute_log_likelihood(self.attributes(batch.x), batch.y).mean()
        yield from descend(cross_entropy, "classifier", cross_entropy=cross_entropy)

    def attributes(self, x: Tensor) -> Bernoulli:
        """q(y_k|x): x (b, c, h, w) -> batch (b, k)."""
        return self.q_y(x)


def attribute_distribution(logits: Tensor) -> Bernoulli:
    """Yes or no to every attribute: logits (b, k) -> batch (b, k)."""
    return Bernoulli(logits=logits, validate_args=checks_arguments())


def attribute_log_likelihood(q_y: Bernoulli, y: Tensor) -> Tensor:
    """log q of the known attributes, nats: q_y batch (b, k), y (b, k), NaN blank -> (b,).

    Attributes are independent given x, so that summing out a blank one leaves the known ones.
    """
    known = ~y.isnan()
    each = q_y.log_prob(y.where(known, torch.zeros_like(y)))
    return each.where(known, torch.zeros_like(each)).sum(-1)
