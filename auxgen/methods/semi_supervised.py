"""Sums over labels, and bounds of labelled rows, of semi-supervised models."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from ..functional.bounds import entropy, find_live_classes, marginal_bound, sample_classes
from ..networks.pairs import Pairs
from ..networks.priors import ClassPrior

ClassFunction = Callable[..., Tensor]
"""One-hot classes (..., c, k) -> a term of each (..., c); or, with `rows`, of pairs (n, k) -> (n,).
"""


class Summation(Protocol):
    """A way to sum out a label."""

    def __call__(
        self,
        f: ClassFunction,
        log_q_y: Tensor,
        p_y: ClassPrior,
        temperature: Tensor | float = 1.0,
    ) -> Tensor:
        """f of one-hot classes, log q(y|.) (..., k) -> sum_y q(y|.) f(y) + T H(q(y|.)) (...,)."""
        ...


def sum_all_classes(
    f: ClassFunction, log_q_y: Tensor, p_y: ClassPrior, temperature: Tensor | float = 1.0
) -> Tensor:
    """The exact sum, with f at every class (ADGM eq. 11, M2 eq. 7)."""
    return marginal_bound(log_q_y, f(p_y.every), temperature)


def sum_sampled_classes(
    f: ClassFunction,
    log_q_y: Tensor,
    p_y: ClassPrior,
    temperature: Tensor | float = 1.0,
    *,
    probable: int,
) -> Tensor:
    """An estimate: f at the most probable classes, and at one drawn from the rest.

    It is unbiased where f of a class does not depend on which other classes are summed. Batch norm
    in training mode makes it depend on them: its statistics are of all rows that pass together.

    f at the most probable class is a baseline for the others, which leaves the expectation as it is
    and removes most of the noise from the gradient of q(y|.).
    """
    classes, weights = sample_classes(log_q_y, probable)
    each = f(p_y.one_hot(classes))
    common = each[..., 0].detach()
    above = each - common.unsqueeze(-1)
    q = log_q_y.gather(-1, classes).exp()
    return (weights * q * above).sum(-1) + common + temperature * entropy(log_q_y)


def sum_live_classes(
    f: ClassFunction,
    log_q_y: Tensor,
    p_y: ClassPrior,
    temperature: Tensor | float = 1.0,
    *,
    skip_below: float,
) -> Tensor:
    """The sum over classes whose q(y|.) is `skip_below` or more, with q normalised over these.

    It is the bound of a q(y|.) that is 0 elsewhere. With m the probability of the classes that are
    left out, at most (k - 1) skip_below, L this bound, O that of q normalised over the others, and
    h(m) the entropy of m, the sum over all is

        (1 - m) L + m O + T h(m)

    A class that is left out gets no gradient. Were q not normalised, its f would count as 0, which
    is a hundred nats better than that of the classes that remain.

    Pairs of a row and a class pass through networks as one batch. In its batch norm a pair counts
    q(y|.), so that a class close to the threshold counts next to nothing on both sides of it.
    """
    every = log_q_y.flatten(0, -2)
    live = find_live_classes(every, skip_below)
    index, classes = live.nonzero().unbind(1)
    log_q = every.masked_fill(~live, -torch.inf).log_softmax(-1)[index, classes]
    q = log_q.exp()
    each = q * (f(p_y.one_hot(classes), rows=Pairs(index, q)) - temperature * log_q)
    summed = torch.zeros_like(every).index_put((index, classes), each).sum(-1)
    return summed.view(log_q_y.shape[:-1])


LabelledBound = Callable[[ClassFunction, Callable[[], Tensor], ClassPrior, Tensor], Tensor]
"""f of one-hot classes, log q(y|.) of all classes (..., b, k), p(y), y (b,) -> (..., b)."""


def conditional_label_bound(
    f: ClassFunction, log_q_y: Callable[[], Tensor], p_y: ClassPrior, y: Tensor
) -> Tensor:
    """The bound on log p(x, y), f at the label (ADGM eq. 10, M2 eq. 6)."""
    del log_q_y
    return f(p_y.one_hot(y).unsqueeze(1)).squeeze(-1)


def marginal_label_bound(
    f: ClassFunction,
    log_q_y: Callable[[], Tensor],
    p_y: ClassPrior,
    y: Tensor,
    summation: Summation = sum_all_classes,
) -> Tensor:
    """The bound on log p(x), which ignores the label (ADGM eq. 11, M2 eq. 7)."""
    del y
    return summation(f, log_q_y(), p_y)
