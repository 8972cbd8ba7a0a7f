"""A committee of few labels: M2s and classic classifiers vote."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution

from ..functional.bounds import log_mean_exp
from ..method import Method, Moves
from ..networks.distributions import categorical
from .ensemble import Ensemble
from .m2 import M2


@final
class Committee(Method):
    """p(y|x) is a weighted mean of the members' at a temperature; p(x) is that of its M2s.

    Each member has a temperature of its own, and the mean, whose classes are as frequent as among
    the labels, is multiplied by the odds of p(y) to that. Training is that of the M2s. The other
    members, temperatures, weights and odds are fitted by their own means and are buffers. Codes are
    those of the first M2.
    """

    temperature: Tensor
    temperatures: Tensor
    weights: Tensor
    log_odds: Tensor

    def __init__(
        self,
        *,
        m2s: Ensemble,
        others: Sequence[nn.Module],
        classes: int,
        fixed: tuple[float, float] | None = None,
        least: float = 1e-6,
    ) -> None:
        """No mean is below `least`.

        `fixed` are the M2s' weight and temperature where they are not fitted; all others then have
        weight and temperature 1, and the odds are 1.
        """
        super().__init__()
        self.m2s, self.others, self.least = m2s, nn.ModuleList(others), least
        weights = torch.ones(1 + len(others), dtype=torch.float64)
        temperatures, fitted = torch.ones_like(weights), fixed is None
        if fixed is not None:
            weights[0], temperatures[0] = fixed
        log_odds = torch.zeros(classes, dtype=torch.float64)
        self.register_buffer("temperature", torch.ones((), dtype=torch.float64))
        self.register_buffer("weights", weights / weights.sum(), persistent=fitted)
        self.register_buffer("temperatures", temperatures, persistent=fitted)
        self.register_buffer("log_odds", log_odds, persistent=fitted)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"model": (self.m2s,)}

    def round(self, batch: tuple[Tensor, ...], step: Tensor) -> Moves:
        yield from self.m2s.round(batch, step)  # pyright: ignore[reportArgumentType]

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """The members' mean: x (b, d), NaN where unknown -> batch (b,)."""
        known = torch.where(x.isnan(), 0.0, x)
        logits = self.m2s.classify(x, draws).logits.double()
        voices = torch.stack([logits.softmax(-1), *(other(known) for other in self.others)])
        voices = voices ** (1 / self.temperatures[:, None, None])
        voices = voices / voices.sum(-1, keepdim=True)
        mean = (self.weights[:, None, None] * voices).sum(0)
        return categorical(mean.clamp(min=self.least).log() / self.temperature + self.log_odds)

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
