"""What semi-supervised models share: batches, summing a label out, what bounds a labelled row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from ..functional.bounds import entropy, marginal_bound, sample_classes
from ..networks.distributions import UniformClasses


class Summation(Protocol):
    """How a label is summed out."""

    def __call__(
        self,
        f: Callable[[Tensor], Tensor],
        log_q_y: Tensor,
        p_y: UniformClasses,
        temperature: Tensor | float = 1.0,
    ) -> Tensor:
        """f of one-hot classes, log q(y|.) (..., k) -> sum_y q(y|.) f(y) + T H(q(y|.)) (...,)."""
        ...


def sum_all_classes(
    f: Callable[[Tensor], Tensor],
    log_q_y: Tensor,
    p_y: UniformClasses,
    temperature: Tensor | float = 1.0,
) -> Tensor:
    """Exactly: f at every class (ADGM eq. 11, M2 eq. 7)."""
    return marginal_bound(log_q_y, f(p_y.every), temperature)


def sum_sampled_classes(
    f: Callable[[Tensor], Tensor],
    log_q_y: Tensor,
    p_y: UniformClasses,
    temperature: Tensor | float = 1.0,
    *,
    probable: int,
) -> Tensor:
    """Without bias: f at the most probable classes, and at one drawn from the rest.

    f at the most probable class is taken from all and given back, which makes no difference to the
    expectation and spares the gradient of q(y|.) most of its noise.
    """
    classes, weights = sample_classes(log_q_y, probable)
    each = f(p_y.one_hot(classes))
    common = each[..., 0].detach()
    above = each - common.unsqueeze(-1)
    q = log_q_y.gather(-1, classes).exp()
    return (weights * q * above).sum(-1) + common + temperature * entropy(log_q_y)


LabelledBound = Callable[
    [Callable[[Tensor], Tensor], Callable[[], Tensor], UniformClasses, Tensor], Tensor
]
"""f of one-hot classes, log q(y|.) of all classes (..., b, k), p(y), y (b,) -> (..., b)."""


def conditional_label_bound(
    f: Callable[[Tensor], Tensor], log_q_y: Callable[[], Tensor], p_y: UniformClasses, y: Tensor
) -> Tensor:
    """The bound on log p(x, y): f at the label (ADGM eq. 10, M2 eq. 6)."""
    del log_q_y
    return f(p_y.one_hot(y).unsqueeze(1)).squeeze(-1)


def marginal_label_bound(
    f: Callable[[Tensor], Tensor], log_q_y: Callable[[], Tensor], p_y: UniformClasses, y: Tensor
) -> Tensor:
    """The bound on log p(x) alone: the label is left out (ADGM eq. 11, M2 eq. 7)."""
    del y
    return sum_all_classes(f, log_q_y(), p_y)
