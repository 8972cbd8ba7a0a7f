"""Wasserstein distances between two sets of rows: exact in few dimensions, sliced in many."""

import torch
from torch import Tensor

from ..errors import require_at_least
from . import checks

DIRECTIONS_AT_ONCE = 64
"""Directions whose projections are sorted at once."""


def exact_wasserstein_distance(x: Tensor, y: Tensor) -> Tensor:
    """min over permutations s of mean_i |x_i - y_s(i)|, the exact 1-Wasserstein distance.

    Optimal transport between equal numbers of equal weights is an assignment, which takes about
    n^3 steps: a second or less for n = 2000. At finite n it is above 0 for equal distributions
    too, so report that of a second true set beside it: x, y (n, d) -> (), in the units of x.

    Raises:
        InputError: Numbers of rows or widths differ, or a number is not finite.
    """
    x, y = checks.check_real_and_fake(x, y)
    sentence = "The real set has {} rows and the fake one {}"
    checks.check_equal_numbers(len(x), len(y), sentence)
    from scipy.optimize import linear_sum_assignment

    # no product of matrices: it would round off the smallest distances, which make up the answer
    cost = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").cpu()
    rows, columns = linear_sum_assignment(cost.numpy())
    return cost[torch.from_numpy(rows), torch.from_numpy(columns)].mean()


def sliced_wasserstein_distance(
    x: Tensor, y: Tensor, *, projections: int = 500, seed: int = 0
) -> Tensor:
    """E_u W1(u.x, u.y) over random directions u, |u| = 1 (Bonneel et al. 2015, for W1).

    There are `projections` directions: x (n, d), y (m, d) -> (), in the units of x.

    Raises:
        InputError: A set has fewer than two rows, the widths differ, or a number is not finite.
    """
    x, y = checks.check_real_and_fake(x, y)
    require_at_least(1, projections=projections)
    generator = torch.Generator().manual_seed(seed)
    u = torch.randn(projections, x.shape[1], generator=generator, dtype=torch.float64)
    u = (u / u.norm(dim=1, keepdim=True)).to(x.device)
    parts = [line_wasserstein_distance(v @ x.T, v @ y.T) for v in u.split(DIRECTIONS_AT_ONCE)]
    return torch.cat(parts).mean()


def line_wasserstein_distance(x: Tensor, y: Tensor) -> Tensor:
    """int |F - G| of the distribution functions on each line: x (p, n), y (p, m) -> (p,)."""
    n, m = x.shape[1], y.shape[1]
    values, order = torch.cat([x, y], 1).sort(1)
    # n m (F - G) in whole numbers, so that equal sets are at 0 exactly
    gap = torch.where(order < n, m, -n).cumsum(1)[:, :-1].abs()
    return (gap * values.diff(dim=1)).sum(1) / (n * m)
