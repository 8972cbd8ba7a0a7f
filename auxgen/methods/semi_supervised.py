"""What the semi-supervised models share: their batch, and what bounds a labelled row."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from ..bounds import summed_out
from ..distributions import UniformClasses


class SemiSupervised(NamedTuple):
    """Labelled x (b, d) with y (b,) class indices, and unlabelled x (u, d)."""

    x: Tensor
    y: Tensor
    x_unlabelled: Tensor


LabelledBound = Callable[
    [Callable[[Tensor], Tensor], Callable[[], Tensor], UniformClasses, Tensor], Tensor
]
"""f of one-hot classes, log q(y|.) of all classes (..., b, k), p(y), y (b,) -> (..., b)."""


def conditional(
    f: Callable[[Tensor], Tensor], log_q_y: Callable[[], Tensor], p_y: UniformClasses, y: Tensor
) -> Tensor:
    """The bound on log p(x, y): f at the label (ADGM eq. 10, M2 eq. 6)."""
    del log_q_y
    return f(p_y.one_hot(y).unsqueeze(1)).squeeze(-1)


def marginal(
    f: Callable[[Tensor], Tensor], log_q_y: Callable[[], Tensor], p_y: UniformClasses, y: Tensor
) -> Tensor:
    """The bound on log p(x) alone: the label is left out (ADGM eq. 11, M2 eq. 7)."""
    del y
    return summed_out(log_q_y(), f(p_y.every))
