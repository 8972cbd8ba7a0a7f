"""Fréchet and kernel distance between sets of features: FID and KID only in Inception's."""

from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError, require_at_least
from . import checks

BLOCK = 256
"""Rows whose kernel with all others is in memory at once."""


class GaussianMoments(NamedTuple):
    """Mean (d,) and covariance (d, d), divided by n - 1, of n rows of features, float64."""

    mean: Tensor
    covariance: Tensor
    n: int


def fit_gaussian(features: Tensor) -> GaussianMoments:
    """Mean and covariance: features (n, d) -> (d,), (d, d).

    Raises:
        InputError: The features are no matrix of finite numbers with two rows or more.
    """
    x = checks.check_features(features)
    mean = x.mean(0)
    centred = x - mean
    return GaussianMoments(mean, centred.T @ centred / (len(x) - 1), len(x))


def frechet_distance(real: GaussianMoments, fake: GaussianMoments) -> Tensor:
    """|mu - mu'|^2 + tr(S + S' - 2 (S S')^{1/2}), squared as FID is (Heusel et al. 2017, eq. 6).

    With S = A A^T and S' = B B^T the last trace is the sum of the singular values of A^T B. Unlike
    a square root of S S' this is exact to round-off for singular covariances as well. The distance,
    (), is not negative.

    Raises:
        InputError: The widths differ.
    """
    checks.check_equal_numbers(len(real.mean), len(fake.mean), checks.DIFFERENT_WIDTHS)
    means = (real.mean - fake.mean).square().sum()
    traces = real.covariance.trace() + fake.covariance.trace()
    common = torch.linalg.svdvals(_factorise_covariance(real).T @ _factorise_covariance(fake)).sum()
    return (means + traces - 2 * common).clamp(min=0)


def describe_too_few_rows(n: int, d: int) -> str:
    """A warning that n rows are too few for a Fréchet distance of d features; "" if n > d."""
    effect = f"the covariance has rank {n - 1} at most, and the distance is far too large"
    return "" if n > d else f"{n} rows for {d} features: {effect}"


def _factorise_covariance(estimate: GaussianMoments) -> Tensor:
    """A (d, r) with A A^T = covariance to round-off, by Cholesky with pivots.

    It stops where the remainder is round-off: further columns would have the size of its square
    root, which is far from negligible.
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

    May be slightly negative, as an unbiased estimate of 0 must: real (n, d), fake (m, d) -> ().

    Raises:
        InputError: A set has fewer than two rows, the widths differ, or a number is not finite.
    """
    return _squared_mmd(*checks.check_real_and_fake(real, fake))


def sample_kernel_distances(
    real: Tensor, fake: Tensor, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> Tensor:
    """`kernel_distance` of random subsets, drawn without replacement, for a mean and a spread.

    A subset has `size` rows of either set: real (n, d), fake (m, d) -> (subsets,).

    Raises:
        InputError: The sets do not suit `kernel_distance`, or subsets are larger than a set.
    """
    real, fake = checks.check_real_and_fake(real, fake)
    require_at_least(1, subsets=subsets)
    require_at_least(2, size=size)
    smaller = min(len(real), len(fake))
    if size > smaller:
        raise InputError(
            f"size is {size} and the smaller set has {smaller} rows; at most {smaller} is expected."
        )
    generator = torch.Generator().manual_seed(seed)

    def draw(x: Tensor) -> Tensor:
        return x[torch.randperm(len(x), generator=generator)[:size].to(x.device)]

    return torch.stack([_squared_mmd(draw(real), draw(fake)) for _ in range(subsets)])


def _squared_mmd(x: Tensor, y: Tensor) -> Tensor:
    """mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{ij} k(x_i, y_j)."""
    n, m = len(x), len(y)
    within_x = _sum_kernel_off_diagonal(x) / (n * (n - 1))
    within_y = _sum_kernel_off_diagonal(y) / (m * (m - 1))
    across = torch.stack([_polynomial_kernel(part, y).sum() for part in x.split(BLOCK)]).sum()
    return within_x + within_y - 2 * across / (n * m)


def _sum_kernel_off_diagonal(x: Tensor) -> Tensor:
    """sum_{i != j} k(x_i, x_j): x (n, d) -> (). A pair of blocks counts twice."""
    total = x.new_zeros(())
    for start in range(0, len(x), BLOCK):
        block, later = x[start : start + BLOCK], x[start + BLOCK :]
        own = _polynomial_kernel(block, block)
        total += own.sum() - own.trace() + 2 * _polynomial_kernel(block, later).sum()
    return total


def _polynomial_kernel(x: Tensor, y: Tensor) -> Tensor:
    """(x.y / d + 1)^3: x (n, d), y (m, d) -> (n, m)."""
    return torch.addmm(x.new_ones(()), x, y.T, alpha=1 / x.shape[1]).pow_(3)
