"""How good answers to attributes are, some of which are unknown. Pure functions.

Shapes throughout: told (n, k) bool, what a model says; y (n, k) float, 0 or 1, NaN where blank.
"""

from __future__ import annotations

import torch
from torch import Tensor


def attribute_error_rates(predicted: Tensor, y: Tensor) -> Tensor:
    """Of each attribute, the share of known rows told wrong; NaN where none is known: -> (k,)."""
    known = ~y.isnan()
    return (known & (predicted != (y == 1))).sum(0) / known.sum(0).double()


def balanced_accuracy(predicted: Tensor, y: Tensor) -> Tensor:
    """Of each attribute, the mean of the shares of yes and of no that are told right: -> (k,).

    1/2 for whoever always says the same, however rare the other answer. Where only one answer
    occurs its share alone; NaN where none does.
    """
    recalls = [
        (predicted.eq(answer) & (y == answer)).sum(0) / (y == answer).sum(0).double()
        for answer in (0, 1)
    ]
    return torch.stack(recalls).nanmean(0)


def minority_answer_rates(y: Tensor) -> Tensor:
    """Of each attribute, the share of known rows with the rarer answer: -> (k,).

    It is the share that whoever always says the commoner one tells wrong.
    """
    yes = y.double().nanmean(0)
    return yes.minimum(1 - yes)


def row_error_terms(predicted: Tensor, y: Tensor) -> Tensor:
    """Terms (n,) of rows whose mean is the mean of `attribute_error_rates` over attributes that are known.

    The mean over attributes of [told wrong] n / n_k, with n_k the known rows of attribute k.
    """
    known = ~y.isnan()
    count = known.sum(0).double()
    wrong = (known & (predicted != (y == 1)))[:, count > 0]
    return (wrong * len(y) / count[count > 0]).mean(1)
