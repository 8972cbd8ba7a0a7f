"""Fréchet and kernel distances against closed forms, scipy, torchmetrics and double loops."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from auxgen.errors import InputError
from auxgen.metrics import frechet as distances
from auxgen.metrics.frechet import (
    GaussianMoments,
    describe_too_few_rows,
    fit_gaussian,
    frechet_distance,
    kernel_distance,
    sample_kernel_distances,
)


class Rows(torch.nn.Module):
    """The pictures are the features already, so that torchmetrics measures what we measure."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.num_features = d

    def forward(self, x: Tensor) -> Tensor:
        return x


def rows(n: int, d: int, seed: int) -> Tensor:
    """Correlated, half of them at 0, as a network's are after a ReLU."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(d, d, generator=torch.Generator().manual_seed(99), dtype=torch.float64)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64) @ mixing
    return (x * (1 + 0.1 * seed) + 0.1 * seed).relu()


def by_singular_values_of_the_rows(x: Tensor, y: Tensor) -> Tensor:
    """The distance without any covariance: tr (S S')^{1/2} is the nuclear norm of X Y^T."""
    a, b = (x - x.mean(0)) / (len(x) - 1) ** 0.5, (y - y.mean(0)) / (len(y) - 1) ** 0.5
    means = (x.mean(0) - y.mean(0)).square().sum()
    return means + a.square().sum() + b.square().sum() - 2 * torch.linalg.svdvals(a @ b.T).sum()


def test_moments_are_numpys():
    x = rows(100, 5, 0)
    ours = fit_gaussian(x.float())
    theirs = x.float().double().numpy()
    assert ours.n == 100
    assert ours.mean.dtype == ours.covariance.dtype == torch.float64
    np.testing.assert_allclose(ours.mean, theirs.mean(0), rtol=1e-14)
    np.testing.assert_allclose(ours.covariance, np.cov(theirs.T), rtol=1e-12)


def test_frechet_of_gaussians_that_share_their_axes_is_a_sum_over_axes():
    axes = torch.linalg.qr(rows(6, 6, 0) + torch.eye(6, dtype=torch.float64))[0]
    sd, other_sd = torch.tensor([[4.0, 2, 1, 0.5, 1e-3, 0], [1.0, 2, 3, 0, 1e-2, 5]]).double()
    mean, other_mean = torch.arange(6.0).double(), torch.ones(6).double()
    real = GaussianMoments(mean, axes @ sd.square().diag() @ axes.T, 100)
    fake = GaussianMoments(other_mean, axes @ other_sd.square().diag() @ axes.T, 100)
    truth = (mean - other_mean).square().sum() + (sd - other_sd).square().sum()
    assert frechet_distance(real, fake).item() == pytest.approx(truth.item(), abs=1e-10)


def test_frechet_is_that_by_scipys_square_root_of_a_matrix():
    real, fake = fit_gaussian(rows(300, 40, 0)), fit_gaussian(rows(200, 40, 1))
    root = scipy.linalg.sqrtm((real.covariance @ fake.covariance).numpy())
    means = (real.mean - fake.mean).square().sum()
    traces = (real.covariance + fake.covariance).trace()
    theirs = (means + traces).item() - 2 * np.trace(root).real
    assert frechet_distance(real, fake).item() == pytest.approx(theirs, rel=1e-11)


def test_frechet_is_torchmetrics():
    x, y = rows(300, 40, 0), rows(200, 40, 1)
    peer = FrechetInceptionDistance(feature=Rows(40)).set_dtype(torch.float64)
    peer.update(x, real=True)
    peer.update(y, real=False)
    ours = frechet_distance(fit_gaussian(x), fit_gaussian(y)).item()
    assert ours == pytest.approx(peer.compute().item(), rel=1e-10)


@pytest.mark.parametrize(("n", "m", "d"), [(300, 200, 40), (30, 40, 100), (200, 30, 100)])
def test_frechet_is_right_for_singular_covariances_too(n, m, d):
    x, y = rows(n, d, 0), rows(m, d, 1)
    truth = by_singular_values_of_the_rows(x, y).item()
    assert frechet_distance(fit_gaussian(x), fit_gaussian(y)).item() == pytest.approx(
        truth, rel=1e-12
    )


def test_frechet_is_right_for_features_that_are_constant_or_copies():
    x, y = rows(200, 10, 0), rows(200, 10, 1)
    wide = [torch.cat([z, z, torch.full((200, 3), 7.0)], 1) for z in (x, y)]
    truth = 2 * frechet_distance(fit_gaussian(x), fit_gaussian(y)).item()
    ours = frechet_distance(fit_gaussian(wide[0]), fit_gaussian(wide[1])).item()
    assert ours == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize(("n", "d"), [(500, 50), (50, 50), (30, 100)])
def test_frechet_of_a_set_to_itself_is_zero_and_never_negative(n, d):
    one = fit_gaussian(1000 * rows(n, d, 0))
    assert 0 <= frechet_distance(one, one).item() <= 1e-14 * one.covariance.trace().item()


def test_frechet_between_points_is_their_squared_distance():
    points = GaussianMoments(torch.zeros(3).double(), torch.zeros(3, 3).double(), 10)
    others = GaussianMoments(torch.ones(3).double(), torch.zeros(3, 3).double(), 10)
    assert frechet_distance(points, others).item() == 3
    assert frechet_distance(points, points).item() == 0


def test_frechet_does_not_depend_on_which_set_is_real():
    real, fake = fit_gaussian(rows(100, 20, 0)), fit_gaussian(rows(15, 20, 1))
    assert frechet_distance(real, fake).item() == pytest.approx(
        frechet_distance(fake, real).item(), rel=1e-12
    )


def test_too_few_rows_get_a_caution_where_the_covariance_must_be_singular():
    assert describe_too_few_rows(65, 64) == ""
    assert "64 rows for 64 features" in describe_too_few_rows(64, 64)
    assert "rank 63" in describe_too_few_rows(64, 64)


def by_double_loop(x: Tensor, y: Tensor) -> float:
    """The unbiased estimate, pair by pair."""

    def k(a: Tensor, b: Tensor) -> float:
        return ((a @ b).item() / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


@pytest.mark.parametrize("block", [7, 256])
def test_kernel_distance_is_the_sum_over_pairs(monkeypatch, block):
    monkeypatch.setattr(distances, "BLOCK", block)
    x, y = rows(23, 4, 0), rows(17, 4, 1)
    assert kernel_distance(x, y).item() == pytest.approx(by_double_loop(x, y), rel=1e-12)


# torchmetrics warns of memory, as all its metrics that keep features do
@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")
def test_kernel_distance_is_torchmetrics():
    x, y = rows(100, 10, 0), rows(100, 10, 1)
    peer = KernelInceptionDistance(Rows(10), subsets=1, subset_size=100)
    peer.set_dtype(torch.float64)
    peer.update(x, real=True)
    peer.update(y, real=False)
    assert kernel_distance(x, y).item() == pytest.approx(peer.compute()[0].item(), rel=1e-9)


def test_kernel_distance_is_unbiased():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 400, 10, 3, generator=generator, dtype=torch.float64)
    each = torch.stack([kernel_distance(a, b) for a, b in zip(x, y, strict=True)])
    assert each.min() < 0 < each.max()
    assert each.mean().abs() < 3 * each.std() / len(each) ** 0.5


def test_kernel_distances_of_all_rows_are_the_kernel_distance():
    x, y = rows(50, 6, 0), rows(50, 6, 1)
    each = sample_kernel_distances(x, y, subsets=3, size=50)
    np.testing.assert_allclose(each, kernel_distance(x, y).expand(3), rtol=1e-12)


def test_kernel_distances_scatter_around_the_kernel_distance_and_depend_on_the_seed():
    x, y = rows(300, 6, 0), rows(250, 6, 1)
    each = sample_kernel_distances(x, y, subsets=200, size=40)
    whole = kernel_distance(x, y)
    assert (each.mean() - whole).abs() < 4 * each.std() / 200**0.5
    again = sample_kernel_distances(x, y, subsets=200, size=40)
    other = sample_kernel_distances(x, y, subsets=200, size=40, seed=1)
    assert torch.equal(each, again)
    assert not torch.equal(each, other)


@pytest.mark.parametrize("measure", [kernel_distance, lambda x, y: fit_gaussian(x)])
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(0, 3), "have 0 rows; 2 or more"),
        (torch.zeros(1, 3), "have 1 rows; 2 or more"),
        (torch.zeros(5), r"shape \(5,\)"),
        (torch.tensor([[0.0, torch.nan], [0, 0]]), "NaN or infinity in 1 of 2 rows"),
        (torch.tensor([[0.0, torch.inf], [-torch.inf, 0]]), "NaN or infinity in 2 of 2 rows"),
    ],
)
def test_bad_features_are_refused_in_a_sentence(measure, x, message):
    with pytest.raises(InputError, match=message):
        measure(x, torch.zeros(5, 3))


def test_features_of_different_widths_are_refused_in_a_sentence():
    with pytest.raises(InputError, match="3 features and the fake ones 4"):
        kernel_distance(torch.zeros(5, 3), torch.zeros(5, 4))
    with pytest.raises(InputError, match="3 features and the fake ones 4"):
        frechet_distance(fit_gaussian(torch.zeros(5, 3)), fit_gaussian(torch.zeros(5, 4)))


def test_subsets_larger_than_a_set_are_refused_in_a_sentence():
    with pytest.raises(InputError, match="size is 1000 and the smaller set has 20 rows"):
        sample_kernel_distances(torch.zeros(20, 3), torch.zeros(30, 3))
    with pytest.raises(InputError, match="subsets is 0"):
        sample_kernel_distances(torch.zeros(20, 3), torch.zeros(30, 3), subsets=0, size=5)
    with pytest.raises(InputError, match="size is 1; 2 or more"):
        sample_kernel_distances(torch.zeros(20, 3), torch.zeros(30, 3), size=1)


def test_the_factor_of_a_covariance_is_one_of_it() -> None:
    """With its rows in the order of the covariance, of full rank or not."""
    for n in (4, 50):
        estimate = fit_gaussian(torch.from_numpy(np.random.default_rng(0).normal(size=(n, 6))))
        factor = distances._factorise_covariance(estimate)
        torch.testing.assert_close(factor @ factor.T, estimate.covariance)


def test_one_subset_is_enough() -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(9, 2)))
    assert distances.sample_kernel_distances(x, x + 1, subsets=1, size=2).shape == (1,)


def test_there_are_100_subsets_of_1000_rows_unless_said_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[tuple[int, int]] = []

    def measure(x: Tensor, y: Tensor) -> Tensor:
        sizes.append((len(x.unique()), len(y.unique())))
        return torch.zeros(())

    monkeypatch.setattr(distances, "_squared_mmd", measure)
    x = torch.arange(1002.0)[:, None]
    assert sample_kernel_distances(x, x).shape == (100,)
    assert sizes == [(1000, 1000)] * 100
