"""Kernelised Stein discrepancy from N(0, I) (Liu, Lee & Jordan, ICML 2016, arXiv:1602.03253).

The inverse multiquadric kernel is that of ASL (2022, section 3.2), whose printed formula lacks the
minus of the first term and the factor 2 beta of the second; the formula here is our derivation.
"""

import torch
from torch import Tensor

from ..errors import InputError
from .precision import promote_to_float32


def stein_kernel(u: Tensor, v: Tensor, beta: float) -> Tensor:
    """s(u).s(v) c + s(u).grad_v c + s(v).grad_u c + tr(grad_u grad_v c), s(u) = -u the score.

    With c(u, v) = (1 + d)^-beta and d = |u - v|^2 this is

        u.v / (1 + d)^beta + 2 beta (r - d) / (1 + d)^(beta + 1)
            - 4 beta (beta + 1) d / (1 + d)^(beta + 2).

    u (m, r), v (n, r) -> (m, n), in float32 at least.
    """
    with torch.autocast(u.device.type, enabled=False):
        u, v = (promote_to_float32(a) for a in (u, v))
        inner = u @ v.T
        d = (u.square().sum(1)[:, None] + v.square().sum(1) - 2 * inner).clamp(min=0)
        base = 1 + d
        bracket = 2 * beta * (u.shape[1] - d) - 4 * beta * (beta + 1) * d / base
        return (inner + bracket / base) * base**-beta


def stein_discrepancy(u: Tensor, beta: float) -> Tensor:
    """Mean of the Stein kernel over pairs of two different rows: u (m, r), m > 1 -> ().

    It is unbiased, and 0 in expectation if and only if u ~ N(0, I), where an estimate may be below
    0. In r dimensions the kernel is of the order (1 + 2 r)^-beta, so that beta should be at most
    1/2 where r is 32 or more.

    Raises:
        InputError: There is one row, which has no pair.
    """
    m = len(u)
    if m < 2:
        raise InputError(
            f"A Stein discrepancy of {m} row was asked for; give a batch, or parts of one, of 2 "
            "rows or more."
        )
    kernel = stein_kernel(u, u, beta)
    return (kernel.sum() - kernel.diagonal().sum()) / (m * (m - 1))
