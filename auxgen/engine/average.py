"""The moving average of weights, of which models are made."""

from collections.abc import Mapping

import torch
from torch import Tensor

SLOW_DECAY, BLOCK = 0.99, 8
"""From this decay on, so many rounds are taken into the moving average at once."""


class MovingAverage:
    """Means of the recent values of the parameters that players own.

    The decay at step t is min(d, (1 + t) / (10 + t)), so that short runs are not made of initial
    weights. Once it is `SLOW_DECAY`, weights change far faster than their mean, and one round in
    `BLOCK` is taken in, with the decay of the whole block.

    Attributes:
        means: By the parameter's name in the method, which has them in its own layout of memory.
    """

    def __init__(self, owned: Mapping[str, Tensor], decay: float) -> None:
        """owned: Parameters that change, or what a rank holds of them, by name."""
        self.live_parts, self.decay = owned, decay
        self.live_parameters: list[Tensor] = list(owned.values())
        self.means: dict[str, Tensor] = {name: p.detach().clone() for name, p in owned.items()}
        self.mean_parameters: list[Tensor] = list(self.means.values())

    def update(self, step: int) -> None:
        """Take in the weights after step `step`, if it ends a block."""
        if self._ends_block(step):
            self._take_in(self.mean_parameters, step)

    def compute_means(self, steps: int) -> dict[str, Tensor]:
        """The means after so many rounds, by name; those since the last block are taken in too."""
        if self._ends_block(steps - 1):
            return self.means
        means = {name: mean.clone() for name, mean in self.means.items()}
        self._take_in(list(means.values()), steps - 1)
        return means

    @torch.no_grad()
    def _take_in(self, means: list[Tensor], step: int) -> None:
        """Move means towards the weights after step `step` by the decay since the last block."""
        decay = self._compute_decay(step)
        while not self._ends_block(step - 1):
            step -= 1
            decay *= self._compute_decay(step)
        torch._foreach_lerp_(means, self.live_parameters, 1 - decay)  # pyright: ignore[reportPrivateImportUsage]

    def _compute_decay(self, step: int) -> float:
        return min(self.decay, (1 + step) / (10 + step))

    def _ends_block(self, step: int) -> bool:
        """Whether step `step` ends a block; so does step -1, before the first one."""
        return self._compute_decay(step) < SLOW_DECAY or (step + 1) % BLOCK == 0
