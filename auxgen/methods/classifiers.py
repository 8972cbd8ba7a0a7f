"""A residual network that tells classes apart, and whose features are worth having."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.distributions import Categorical

from ..data.batches import LabelledBatch
from ..method import Extracts, Method, Moves, descend
from ..networks.distributions import Conditional


@final
class ImageClassifier(Method):
    """q(y|x) = Categorical(y | linear(features(x)))."""

    def __init__(self, *, q_y: Conditional) -> None:
        """Takes q(y|x), whose network has features, as `networks.residual.ResNet` has."""
        super().__init__()
        self.q_y = q_y

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"classifier": (self.q_y,)}

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """Cross-entropy, nats, mean over rows."""
        cross_entropy = -self.classify(batch.x).log_prob(batch.y).mean()
        yield from descend(cross_entropy, "classifier", cross_entropy=cross_entropy)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|x), which has nothing to average: x (b, c, h, w) -> batch (b,)."""
        del draws
        return self.q_y(x)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees: x (b, c, h, w) -> (b, d)."""
        return extract_penultimate_features(self.q_y, x)


def extract_penultimate_features(q_y: Conditional, x: Tensor) -> Tensor:
    """The features of a conditional's network: x (b, c, h, w) -> (b, d)."""
    network = q_y.network
    assert isinstance(network, Extracts)
    return network.features(x)
