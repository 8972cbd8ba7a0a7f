"""Looks at held-out rows in training: what is kept of them, and when they end it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any

from torch import Tensor

LOOKS = 20
"""How often training looks at held-out rows, over all its rounds."""


def count_rounds_between_looks(steps: int) -> int:
    """Rounds from one look to the next, in a training of so many."""
    return max(1, steps // LOOKS)


@dataclass
class Looks:
    """The looks so far, the best of them, and the weights that it saw.

    Attributes:
        patience: Looks in a row without a smaller loss that end training.
        count: Looks so far.
        best: Which of them, from 1 on, had the smallest loss; 0 while none was finite.
        best_step: The round of that look.
        best_loss: Its loss.
        weights: The weights that it saw.
    """

    patience: int
    count: int = 0
    best: int = 0
    best_step: int = 0
    best_loss: float = inf
    weights: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def are_over(self) -> bool:
        """Whether there were enough looks without a better one; never before a finite loss."""
        return 0 < self.best <= self.count - self.patience

    def add(self, step: int, loss: float, weights: Mapping[str, Tensor]) -> None:
        """Take in a look after round `step`; `weights` are kept as they are, not copied."""
        self.count += 1
        if isfinite(loss) and loss < self.best_loss:
            self.best, self.best_step, self.best_loss = self.count, step, loss
            self.weights = weights

    def list_numbers(self) -> dict[str, Any]:
        """All but the weights, JSON-able."""
        loss = self.best_loss if self.best else None
        named = {"count": self.count, "best": self.best, "best_step": self.best_step}
        return {**named, "best_loss": loss}

    def restore(self, numbers: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
        """Go back to the numbers of `list_numbers`, and to the weights of then."""
        self.count, self.best = int(numbers["count"]), int(numbers["best"])
        self.best_step = int(numbers["best_step"])
        self.best_loss = float(numbers["best_loss"]) if self.best else inf
        self.weights = weights
