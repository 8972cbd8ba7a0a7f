"""Sums over labels, and bounds of labelled rows, of semi-supervised models."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from ..functional.bounds import entropy, marginal_bound, sample_classes
from ..networks.priors import ClassPrior

ClassFunction = Callable[[Tensor], Tensor]
"""One-hot classes (..., c, k) -> a term of each (..., c)."""


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


LabelledBound = Callable[[ClassFunction, Callable[[], Tensor], ClassPrior, Tensor], Tensor]
"""f of one-hot classes, log q(y|.) of all classes (..., b, k), p(y), y (b,) -> (..., b)."""


def conditional_label_bound(
    f: ClassFunction, log_q_y: Callable[[], Tensor], p_y: ClassPrior, y: Tensor
) -> Tensor:
    """The bound on log p(x, y), f at the label (ADGM eq. 10, M2 eq. 6)."""
    del log_q_y
    return f(p_y.one_hot(y).unsqueeze(1)).squeeze(-1)


def marginal_label_bound(
    f: ClassFunction, log_q_y: Callable[[], Tensor], p_y: ClassPrior, y: Tensor
) -> Tensor:
    """The bound on log p(x), which ignores the label (ADGM eq. 11, M2 eq. 7)."""
    del y
    return sum_all_classes(f, log_q_y(), p_y)
