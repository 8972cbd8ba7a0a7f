"""Rows that training does not see, and their loss, by which it may stop."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..data.labels import draw_share_of_classes
from ..errors import InputError
from ..inference.batched import map_batches
from ..rng import get_device, use_seed
from .weights import WeightedRows


def hold_out(rows: WeightedRows, fraction: float, seed: int) -> np.ndarray:
    """Which rows are held out (n,): a share of each class and of those without a label.

    One row or more of each is kept.

    Raises:
        InputError: None would be held out.
    """
    out = draw_share_of_classes(rows.places, fraction, seed)
    if not out.any():
        raise InputError(
            f"early_stopping would hold out none of {len(rows)} rows; expected more rows, or a "
            f"validation_fraction above {fraction:g}."
        )
    return out


class HeldOutLoss:
    """The loss of rows that training does not see: minus the bound, and minus log q(y|x)."""

    def __init__(self, rows: WeightedRows, space: Preprocessor, alpha: float, seed: int) -> None:
        self.x = space.transform(torch.from_numpy(rows.x)).float()
        self.weights = torch.from_numpy(rows.weights)
        self.known = torch.from_numpy(np.flatnonzero(rows.labelled))
        self.y = torch.from_numpy(rows.places)[self.known]
        self.alpha, self.seed = alpha, seed

    def __call__(self, method: Any) -> float:
        device = get_device(method)
        with use_seed(self.seed, device):
            bound = map_batches(method.elbo, self.x, device=device).double()
            loss = -_average(bound, self.weights)
            if len(self.y):
                classify = _ask(method)
                log_q = map_batches(classify, self.x[self.known], device=device).double()
                own = log_q.gather(-1, self.y.unsqueeze(-1)).squeeze(-1)
                loss = loss - self.alpha * _average(own, self.weights[self.known])
        return float(loss)


def _ask(method: Any) -> Any:
    return lambda x: method.classify(x).logits


def _average(values: Tensor, weights: Tensor) -> Tensor:
    return (weights * values).sum() / weights.sum()
