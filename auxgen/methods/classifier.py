"""A classifier trained on the labelled rows alone: what labels give without a generative model."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.distributions import Categorical

from ..data.batches import SemiSupervisedBatch
from ..functional.bounds import weight_prior
from ..method import Method, Moves, descend
from ..networks.distributions import Conditional


@final
class Classifier(Method):
    """q(y|x), with the weight prior of the models that it is compared with."""

    def __init__(self, *, q_y: Conditional, prior_rows: int) -> None:
        super().__init__()
        self.q_y, self.prior_rows = q_y, prior_rows

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"classifier": (self.q_y,)}

    def round(self, batch: SemiSupervisedBatch, step: Tensor) -> Moves:
        """Cross-entropy of the labelled rows, nats; the unlabelled ones are not looked at."""
        cross_entropy = -self.classify(batch.x).log_prob(batch.y).mean()
        prior = weight_prior(self) / self.prior_rows
        yield from descend(
            cross_entropy + prior, "classifier", cross_entropy=cross_entropy, prior=prior
        )

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|x), which has nothing to average: x (b, d) -> batch (b,)."""
        del draws
        return self.q_y(x)
