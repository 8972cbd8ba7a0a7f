"""Distances between two sets of features: Fréchet's between Gaussians, and the kernel distance.

Either is called by the name of its features: "FID" and "KID" are those of Inception alone.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError, require_at_least
from . import checks

BLOCK = 256
"""Rows whose kernel with all others is held at once."""


class GaussianMoments(NamedTuple):
    """Moments of a set of features, float64.

    Attributes:
        mean: (d,).
        covariance: (d, d), divided by n - 1.
        n: Rows that it was estimated from.
    """

    mean: Tensor
    covariance: Tensor
    n: int


def fit_gaussian(features: Tensor) -> GaussianMoments:
    """Mean and covariance: features (n, d) -> (d,), (d, d).

    Raises:
        InputError: Not a matrix of finite numbers with two rows or more.
    """
    x = checks.check_features(features)
    mean = x.mean(0)
    centred = x - mean
    return GaussianMoments(mean, centred.T @ centred / (len(x) - 1), len(x))


def frechet_distance(real: GaussianMoments, fake: GaussianMoments) -> Tensor:
    """|mu - mu'|^2 + tr(S + S' - 2 (S S')^{1/2}), squared as FID is (Heusel et al. 2017, eq. 6).

    With S = A A^T and S' = B B^T the last trace is the sum of the singular values of A^T B, which
    unlike a square root of S S' is exact to round-off for singular covariances too.

    Returns:
        (), not negative.

    Raises:
        InputError: The widths differ.
    """
    checks.check_same_width(len(real.mean), len(fake.mean))
    means = (real.mean - fake.mean).square().sum()
    traces = real.covariance.trace() + fake.covariance.trace()
    common = torch.linalg.svdvals(_factorise_covariance(real).T @ _factorise_covariance(fake)).sum()
    return (means + traces - 2 * common).clamp(min=0)


def describe_too_few_rows(n: int, d: int) -> str:
    """Why a Fréchet distance of d features from n rows misleads; "" where n is above d."""
    if n > d:
        return ""
    return (
        f"{n} rows for {d} features: the covariance has rank {n - 1} at most, "
        "and the distance is far too large"
    )


def _factorise_covariance(estimate: GaussianMoments) -> Tensor:
    """A (d, r) with A A^T = covariance to round-off: Cholesky with pivots.

    It stops where what is left is round-off. Columns made of that would be of the size of its
    square root, far from negligible.
    """
    from scipy.linalg import get_lapack_funcs

    covariance = estimate.covariance.cpu().numpy()
    (pstrf,) = get_lapack_funcs(("pstrf",), (covariance,))
    lower, order, rank, _ = pstrf(covariance, lower=1)
    order = torch.from_numpy(order).long() - 1  # LAPACK counts from one
    factor = torch.empty(len(lower), int(rank), dtype=torch.float64)
    factor[order] = torch.from_numpy(lower).tril()[:, : int(rank)]
    return factor.to(estimate.covariance.device)


def kernel_distance(real: Tensor, fake: Tensor) -> Tensor:
    """Unbiased squared MMD with k(x, y) = (x.y / d + 1)^3 (Bińkowski et al. 2018, section 4).

    May be slightly negative, as an unbiased estimate of 0 must.

    Args:
        real: (n, d).
        fake: (m, d).

    Returns:
        ().

    Raises:
        InputError: Fewer than two rows, different widths, or numbers that are not finite.
    """
    return _squared_mmd(*checks.check_real_and_fake(real, fake))


def sample_kernel_distances(
    real: Tensor, fake: Tensor, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> Tensor:
    """`kernel_distance` of random subsets, drawn without replacement, for its mean and spread.

    Args:
        real: (n, d).
        fake: (m, d).
        subsets: How many.
        size: Rows of either set in each.
        seed: Of the draws.

    Returns:
        (subsets,).

    Raises:
        InputError: As `kernel_distance`, or subsets are larger than a set.
    """
    real, fake = checks.check_real_and_fake(real, fake)
    require_at_least(1, subsets=subsets)
    require_at_least(2, size=size)
    smaller = min(len(real), len(fake))
    if size > smaller:
        raise InputError(f"size is {size} and the smaller set has {smaller} rows; fewer is wanted.")
    generator = torch.Generator().manual_seed(seed)

    def draw(x: Tensor) -> Tensor:
        return x[torch.randperm(len(x), generator=generator)[:size].to(x.device)]

    return torch.stack([_squared_mmd(draw(real), draw(fake)) for _ in range(subsets)])


def _squared_mmd(x: Tensor, y: Tensor) -> Tensor:
    """mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{ij} k(x_i, y_j)."""
    n, m = len(x), len(y)
    within = _sum_kernel_off_diagonal(x) / (n * (n - 1)) + _sum_kernel_off_diagonal(y) / (
        m * (m - 1)
    )
    return within - 2 * _sum_kernel(x, y) / (n * m)


def _sum_kernel(x: Tensor, y: Tensor) -> Tensor:
    """sum_{ij} k(x_i, y_j): x (n, d), y (m, d) -> ()."""
    return torch.stack([_polynomial_kernel(part, y).sum() for part in x.split(BLOCK)]).sum()


def _sum_kernel_off_diagonal(x: Tensor) -> Tensor:
    """sum_{i != j} k(x_i, x_j): x (n, d) -> (). Pairs of blocks are met once and count twice."""
    total = x.new_zeros(())
    for start in range(0, len(x), BLOCK):
        block, later = x[start : start + BLOCK], x[start + BLOCK :]
        own = _polynomial_kernel(block, block)
        total += own.sum() - own.trace() + 2 * _polynomial_kernel(block, later).sum()
    return total


def _polynomial_kernel(x: Tensor, y: Tensor) -> Tensor:
    """(x.y / d + 1)^3: x (n, d), y (m, d) -> (n, m)."""
    return torch.addmm(x.new_ones(()), x, y.T, alpha=1 / x.shape[1]).pow_(3)
