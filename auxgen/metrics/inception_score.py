"""The class score, known as Inception score: confident answers that vary over the pictures."""

from itertools import pairwise

import torch
from torch import Tensor

from ..errors import InputError, require_at_least
from . import checks


def classifier_scores(probs: Tensor, groups: int = 10) -> Tensor:
    """exp(E_x KL(p(y|x) || p(y))), between 1 and k, of consecutive groups: (n, k) -> (groups,).

    p(y) is the mean of p(y|x) within the group (Salimans et al. 2016, section 4). It is the
    "Inception score" only where p(y|x) is Inception's; report the groups' mean and population
    standard deviation. Where n is no multiple of the groups, these differ by one row.

    Raises:
        InputError: Rows are no distributions, or a group has fewer than two.
    """
    require_at_least(1, groups=groups)
    probs = checks.check_probabilities(probs)
    n = len(probs)
    if n < 2 * groups:
        raise InputError(f"There are {n} rows for {groups} groups; two or more each are expected.")
    edges = [i * n // groups for i in range(groups + 1)]
    parts = (probs[a:b] for a, b in pairwise(edges))
    return torch.stack([_class_mutual_information(part).exp() for part in parts])


def _class_mutual_information(probs: Tensor) -> Tensor:
    """E_x KL(p(y|x) || p(y)) in nats, with 0 log 0 = 0: (n, k) -> ()."""
    marginal = probs.mean(0)
    return (torch.xlogy(probs, probs) - torch.xlogy(probs, marginal)).sum(-1).mean()
