"""A committee of few labels: M2s, logistic regression, a random forest and a named mixture vote."""

from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution

from ..functional.bounds import log_mean_exp
from ..method import Method, Moves
from ..networks.classic import DecisionForest, LinearClassifier, NamedMixture
from ..networks.distributions import categorical
from .ensemble import Ensemble
from .m2 import M2


@final
class Committee(Method):
    """p(y|x) is a mean of the members' at a temperature; p(x) is that of its M2s.

    Training is that of the M2s. The other members, and the temperature, are fitted by their own
    means and are buffers. Codes are those of the first M2.
    """

    temperature: Tensor

    def __init__(
        self,
        *,
        m2s: Ensemble,
        logistic: LinearClassifier,
        forest: DecisionForest,
        mixture: NamedMixture,
        m2s_weight: float,
        m2s_temperature: float,
        least: float = 1e-6,
    ) -> None:
        """The M2s count m2s_weight times, at m2s_temperature; no mean is below `least`."""
        super().__init__()
        self.m2s, self.others = m2s, nn.ModuleList((logistic, forest, mixture))
        self.m2s_weight, self.m2s_temperature, self.least = m2s_weight, m2s_temperature, least
        self.register_buffer("temperature", torch.ones((), dtype=torch.float64))

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"model": (self.m2s,)}

    def round(self, batch: tuple[Tensor, ...], step: Tensor) -> Moves:
        yield from self.m2s.round(batch, step)  # pyright: ignore[reportArgumentType]

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """The mean of all members' probabilities: x (b, d), NaN where unknown -> batch (b,)."""
        logits = self.m2s.classify(x, draws).logits.double() / self.m2s_temperature
        known = torch.where(x.isnan(), 0.0, x)
        voices = [self.m2s_weight * logits.softmax(-1), *(other(known) for other in self.others)]
        mean = torch.stack(voices).sum(0) / (self.m2s_weight + len(self.others))
        return categorical(mean.clamp(min=self.least).log() / self.temperature)

    def elbo(self, x: Tensor) -> Tensor:
        """A bound on log p(x) of the M2s' mixture, nats: (b, d) -> (b,)."""
        return self.m2s.elbo(x)

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log of the mean of the M2s' importance weights, nats: (b, d) -> (k, b)."""
        return log_mean_exp(torch.stack([m.log_weights(x, k) for m in self._list_m2s()]))

    def weigh_draws(self, x: Tensor, k: int) -> tuple[Tensor, Distribution]:
        """log p(x,y,z) / q(z|x,y) of the first M2, and its p(x|y,z): as `M2.weigh_draws`."""
        return self._list_m2s()[0].weigh_draws(x, k)

    def encode(self, x: Tensor) -> Distribution:
        """q(z|x,y) of the first M2 at its most probable y: x (b, d) -> batch (b,)."""
        return self._list_m2s()[0].encode(x)

    def decode(self, z: Tensor, y: Tensor) -> Distribution:
        """p(x|y,z) of the first M2: z (b, d_z), y (b,) -> batch (b,)."""
        return self._list_m2s()[0].decode(z, y)

    def sample_p_x(self, n: int, y: Tensor | None = None) -> Distribution:
        """p(x|y,z) at n draws, each of an M2 drawn at random; y (n,): -> batch (n,)."""
        return self.m2s.sample_p_x(n, y)

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """Means of p(x|y,z), as `sample_p_x` draws them: y (n,) -> (n, d)."""
        return self.m2s.sample(n, y)

    def _list_m2s(self) -> list[M2]:
        return [m for m in self.m2s.members if isinstance(m, M2)]
