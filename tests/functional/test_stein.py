"""The kernelised Stein discrepancy against autograd, quadrature and its own statistics."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import numpy as np
import pytest
import torch
from scipy.stats import chi2
from torch import Tensor
from torch.func import grad, jacrev, vmap

from auxgen.errors import InputError
from auxgen.functional.stein import stein_discrepancy, stein_kernel

REPEATS, ROWS = 20, 512


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_autograd(u: Tensor, v: Tensor, beta: float) -> Tensor:
    """s(u).s(v) c + s(u).grad_v c + s(v).grad_u c + tr(grad_u grad_v c) with s(u) = -u."""

    def c(u: Tensor, v: Tensor) -> Tensor:
        return (1 + (u - v).square().sum()) ** -beta

    def one(u: Tensor, v: Tensor) -> Tensor:
        mixed = jacrev(grad(c, 0), 1)(u, v).diagonal().sum()
        return (u @ v) * c(u, v) - u @ grad(c, 1)(u, v) - v @ grad(c, 0)(u, v) + mixed

    return vmap(lambda u: vmap(lambda v: one(u, v))(v))(u)


def draws(r: int, shift: float = 0.0, scale: float = 1.0, beta: float = 0.5) -> Tensor:
    """Repeated estimates for N(shift, scale^2 I), the same noise whatever shift and scale."""
    noise = normal(REPEATS, ROWS, r, seed=r)
    return torch.stack([stein_discrepancy(shift + scale * e, beta) for e in noise])


@pytest.mark.parametrize("beta", [0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("r", [1, 2, 7])
def test_the_kernel_is_the_one_that_autograd_builds(r: int, beta: float) -> None:
    u, v = normal(4, r), 1.5 * normal(3, r, seed=1) + 0.3
    expected = by_autograd(u, v, beta)
    torch.testing.assert_close(stein_kernel(u, v, beta), expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(
        stein_kernel(u, u, beta), by_autograd(u, u, beta), rtol=0, atol=1e-10
    )


def test_the_discrepancy_is_the_mean_over_pairs_of_different_rows() -> None:
    u = normal(7, 3)
    pairs = [(i, j) for i in range(7) for j in range(7) if i != j]
    each = [by_autograd(u[i : i + 1], u[j : j + 1], 0.5) for i, j in pairs]
    torch.testing.assert_close(stein_discrepancy(u, 0.5), torch.cat(each).mean())
    with pytest.raises(
        InputError, match="of 1 row was asked for; give a batch, or parts of one, of 2"
    ):
        stein_discrepancy(u[:1], 0.5)


@pytest.mark.parametrize("r", [2, 32, 128])
def test_it_is_nothing_for_the_standard_normal(r: int) -> None:
    found = draws(r)
    assert found.mean().abs() < 3 * found.std() / sqrt(REPEATS)
    assert found.min() < 0 < found.max()


@pytest.mark.parametrize("r", [2, 32, 128])
def test_it_grows_with_a_shift(r: int) -> None:
    found = [draws(r, shift=s).mean() for s in (0.0, 0.1, 0.2, 0.4, 0.8)]
    assert all(a < b for a, b in pairwise(found))


@pytest.mark.parametrize("r", [2, 32, 128])
@pytest.mark.parametrize("scales", [(1.0, 0.9, 0.8, 0.6), (1.0, 1.15, 1.3, 1.6)])
def test_it_grows_with_a_scale(r: int, scales: tuple[float, ...]) -> None:
    found = [draws(r, scale=s).mean() for s in scales]
    assert all(a < b for a, b in pairwise(found))


@pytest.mark.parametrize("beta", [0.5, 1.0])
def test_of_a_shifted_normal_it_is_the_expected_kernel_of_the_difference_of_scores(
    beta: float,
) -> None:
    """For N(m, I) the scores differ by m everywhere: |m|^2 E (1 + 2 w)^-beta, w ~ chi^2_r."""
    r, shift = 3, 0.7
    w = chi2(r).ppf((np.arange(100_000) + 0.5) / 100_000)
    expected = r * shift**2 * np.mean((1 + 2 * w) ** -beta)
    found = draws(r, shift=shift, beta=beta)
    assert abs(found.mean() - expected) < 4 * found.std() / sqrt(REPEATS)


def test_reduced_precision_around_it_changes_nothing() -> None:
    u = normal(64, 8).float()
    with torch.autocast("cpu", torch.bfloat16):
        found = stein_discrepancy(u, 0.5)
    assert torch.equal(found, stein_discrepancy(u, 0.5))
    torch.testing.assert_close(found.double(), stein_discrepancy(u.double(), 0.5))


def test_two_rows_have_one_pair() -> None:
    u = normal(2, 3)
    torch.testing.assert_close(stein_discrepancy(u, 0.5), stein_kernel(u[:1], u[1:], 0.5).squeeze())


def test_the_kernel_of_rows_far_away_is_finite_whatever_the_round_off() -> None:
    """Where it made a squared distance less than -1 the root was NaN."""
    u = (1e4 * normal(50, 16)).float()
    assert stein_kernel(u, u, 0.5).isfinite().all()
