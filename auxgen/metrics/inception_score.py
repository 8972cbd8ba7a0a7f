"""How sure a classifier is of each picture, and how varied its answers are over all."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from ..errors import InputError, require_at_least
from . import checks


def classifier_scores(probs: Tensor, groups: int = 10) -> Tensor:
    """exp(E_x KL(p(y|x) || p(y))), between 1 and k, of consecutive groups of rows.

    p(y) is the mean of p(y|x) within the group (Salimans et al. 2016, section 4). It is the
    "Inception score" only where p(y|x) is Inception's; report the groups' mean and population
    standard deviation. Where the rows cannot be shared equally, groups differ by one row.

    Args:
        probs: p(y|x), (n, k).
        groups: How many.

    Returns:
        (groups,).

    Raises:
        InputError: Rows are no distributions, or groups have fewer than two.
    """
    require_at_least(1, groups=groups)
    probs = checks.check_probabilities(probs)
    n = len(probs)
    if n < 2 * groups:
        raise InputError(f"There are {n} rows for {groups} groups; two or more each are wanted.")
    edges = [i * n // groups for i in range(groups + 1)]
    parts = (probs[a:b] for a, b in pairwise(edges))
    return torch.stack([_class_mutual_information(part).exp() for part in parts])


def _class_mutual_information(probs: Tensor) -> Tensor:
    """E_x KL(p(y|x) || p(y)) in nats, with 0 log 0 = 0: (n, k) -> ()."""
    marginal = probs.mean(0)
    return (torch.xlogy(probs, probs) - torch.xlogy(probs, marginal)).sum(-1).mean()
