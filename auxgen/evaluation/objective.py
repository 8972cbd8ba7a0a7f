"""The loss that training descends, as a score of rows that it does not learn from."""

from dataclasses import KW_ONLY, dataclass
from itertools import islice
from typing import final

import torch
from torch import Tensor

from ..data.batches import LabelledBatch
from ..method import Gradient, Method
from ..rng import get_device, use_seed
from ..score import Score
from .protocol import RowEvaluation


@final
@dataclass(frozen=True, eq=False)
class TrainingLoss(RowEvaluation):
    """The losses of a method's round, summed over its gradients, mean over rows.

    Attributes:
        y: What is known of each row: classes (n,), or attributes (n, k) with NaN for blanks; None
            for a method of rows alone.
        gradients: How many gradients of the round count, from the first on; None for all. In a
            game of players against each other the others say nothing about rows.
    """

    _: KW_ONLY
    y: Tensor | None = None
    gradients: int | None = None

    def __call__(self, method: object) -> Score:
        assert isinstance(method, Method)
        device, total = get_device(method), 0.0
        with use_seed(self.seed, device):
            for part in torch.arange(len(self.x)).split(self.rows):
                total += len(part) * self._measure_round(method, part, device)
        protocol = self.describe_protocol("loss of training", len(self.x), f"seed {self.seed}")
        return Score(total / len(self.x), "", len(self.x), protocol)

    def _measure_round(self, method: Method, part: Tensor, device: torch.device) -> float:
        """The summed losses of a round with these rows (b,)."""
        x = self.prepare_rows(self.x[part]).to(device)
        batch = x if self.y is None else LabelledBatch(x, self.y[part].to(device))
        moves = method.round(batch, torch.zeros((), dtype=torch.long, device=device))
        losses = (move.loss.item() for move in moves if isinstance(move, Gradient))
        return sum(islice(losses, self.gradients))
