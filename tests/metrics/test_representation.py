"""What codes know, against loops, quadrature, and an encoder whose information is known."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch
from ill_conditioned import draw_ill_conditioned_codes
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from auxgen.errors import InputError
from auxgen.metrics import representation
from auxgen.metrics.representation import (
    count_active_units,
    count_active_units_by_variance,
    kl_per_unit,
    knn_accuracy,
    mutual_information_bounds,
    probe_accuracy,
    silhouette,
)


def blobs(n: int, seed: int, spread: float = 1.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(3, (n,), generator=generator)
    centres = torch.tensor([[0.0, 0, 0], [3, 0, 0], [0, 3, 0]], dtype=torch.float64)
    noise = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    return centres[y] + spread * noise, y


@pytest.mark.parametrize("k", [1, 4, 10])
def test_knn_accuracy_is_that_of_a_vote_by_loop(k):
    (train, y), (test, y_test) = blobs(100, 0, 2.0), blobs(60, 1, 2.0)
    right = 0
    for x, label in zip(test, y_test, strict=True):
        near = (train - x).square().sum(1).argsort()[:k]
        right += int(torch.bincount(y[near], minlength=3).argmax() == label)
    ours = knn_accuracy(train, y, test, y_test, k=k).item()
    assert ours == pytest.approx(100 * right / 60, abs=1e-12)
    assert 40 < ours < 95


def test_probe_accuracy_is_logistic_regression_on_standardised_codes():
    (train, y), (test, y_test) = blobs(200, 0, 2.0), blobs(100, 1, 2.0)
    scale = torch.tensor([1.0, 1e3, 1e-3], dtype=torch.float64)
    mean, sd = train.mean(0), train.std(0, correction=0)
    fitted = LogisticRegression(max_iter=2000).fit(((train - mean) / sd).numpy(), y.numpy())
    theirs = 100 * fitted.score(((test - mean) / sd).numpy(), y_test.numpy())
    ours = probe_accuracy(scale * train + 5, y, scale * test + 5, y_test).item()
    assert ours == pytest.approx(theirs, abs=1e-12)
    assert 60 < ours < 95


def test_digits_are_known_from_their_pixels():
    x, y = (torch.as_tensor(part) for part in load_digits(return_X_y=True))
    assert knn_accuracy(x[:1000], y[:1000], x[1000:], y[1000:]) > 93
    assert probe_accuracy(x[:1000], y[:1000], x[1000:], y[1000:]) > 88


def test_silhouette_is_that_by_loop():
    codes, y = blobs(60, 0)
    distance = torch.cdist(codes, codes, compute_mode="donot_use_mm_for_euclid_dist")
    each = []
    for i in range(60):
        to = {int(c): distance[i, y == c] for c in y.unique()}
        a = (to[int(y[i])].sum() / (len(to[int(y[i])]) - 1)).item()
        b = min(d.mean().item() for c, d in to.items() if c != y[i])
        each.append((b - a) / max(a, b))
    assert silhouette(codes, y).item() == pytest.approx(np.mean(each), rel=1e-10)


def test_silhouette_of_some_rows_is_seeded_and_near_that_of_all():
    codes, y = blobs(2000, 0)
    some = silhouette(codes, y, rows=500)
    drawn = torch.randperm(2000, generator=torch.Generator().manual_seed(0))[:500]
    assert some.item() == pytest.approx(silhouette(codes[drawn], y[drawn]).item(), rel=1e-12)
    assert some != silhouette(codes, y, rows=500, seed=1)
    assert (some - silhouette(codes, y)).abs() < 0.05


def posteriors(n: int = 50, d: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(n, d, generator=generator, dtype=torch.float64)
    return mean, torch.rand(n, d, generator=generator, dtype=torch.float64) + 0.1


def test_kl_per_unit_is_that_of_torch_distributions():
    mean, sd = posteriors()
    theirs = kl_divergence(Normal(mean, sd), Normal(0, 1)).mean(0)
    np.testing.assert_allclose(kl_per_unit(mean, sd), theirs, rtol=1e-12)


def test_kl_per_unit_is_that_by_quadrature():
    mean, sd = posteriors(1, 1)
    z = torch.linspace(-12, 12, 20_001, dtype=torch.float64)
    q = Normal(mean[0, 0], sd[0, 0])
    integrand = q.log_prob(z).exp() * (q.log_prob(z) - Normal(0, 1).log_prob(z))
    truth = torch.trapezoid(integrand, z).item()
    assert kl_per_unit(mean, sd).item() == pytest.approx(truth, rel=1e-10)


def test_units_are_active_by_their_kl_or_by_what_their_means_vary():
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(5000, 4, generator=generator, dtype=torch.float64)
    mean = mean * torch.tensor([1.0, 0.11, 0.09, 0]) + torch.tensor([0, 0, 0, 1.0])
    sd = torch.tensor([0.5, 1, 1, 1]).expand(5000, 4)
    # a mean that is far off but constant costs nats and carries no information
    assert kl_per_unit(mean, sd).tolist() == pytest.approx(
        [0.5 * 0.25 - log(0.5), 0.00605, 0.00405, 0.5], rel=0.1
    )
    assert count_active_units(kl_per_unit(mean, sd)) == 2
    assert count_active_units(kl_per_unit(mean, sd), threshold=0.005) == 3
    assert count_active_units_by_variance(mean) == 2
    assert count_active_units_by_variance(mean, threshold=0.005) == 3
    # at the threshold itself a unit is not above it
    assert count_active_units(torch.tensor([0.25, 0.5, 0.75]), threshold=0.5) == 1
    assert count_active_units(torch.tensor([0.009, 0.011])) == 1
    at_half = torch.tensor([[-0.5, 0.0], [0.5, 2.0]], dtype=torch.float64)
    assert count_active_units_by_variance(at_half, threshold=0.5) == 1


@pytest.mark.parametrize("block", [7, 64])
def test_information_is_that_by_the_whole_matrix_of_densities(monkeypatch, block):
    monkeypatch.setattr(representation, "BLOCK", block)
    mean, sd = posteriors(50, 4)
    mean = mean + 1e5  # far from 0, where squares lose what matters
    z = mean + sd * torch.randn(50, 4, generator=torch.Generator().manual_seed(1)).double()
    q = Independent(Normal(mean, sd), 1)
    density = q.log_prob(z[:, None]).exp()  # (i, j): q(z_i | x_j)
    own = density.diagonal()
    lower = (own / density.mean(1)).log().mean()
    upper = (own / ((density.sum(1) - own) / 49)).log().mean()
    ours = mutual_information_bounds(mean, sd, z)
    assert ours.lower.item() == pytest.approx(lower.item(), rel=1e-10)
    assert ours.upper.item() == pytest.approx(upper.item(), rel=1e-10)


def linear_gaussian(n: int, seed: int) -> tuple[Tensor, Tensor, Tensor, float]:
    """z = a x + s e, with x, e ~ N(0, I): I(x; z) = 0.5 sum log(1 + a^2 / s^2)."""
    generator = torch.Generator().manual_seed(seed)
    a, s = torch.tensor([1.0, 0.5, 2.0]).double(), torch.tensor([1.0, 0.5, 0.8]).double()
    mean = a * torch.randn(n, 3, generator=generator, dtype=torch.float64)
    sd = s.expand(n, 3)
    z = mean + sd * torch.randn(n, 3, generator=generator, dtype=torch.float64)
    return mean, sd, z, 0.5 * (1 + (a / s).square()).log().sum().item()


def test_information_in_expectation_holds_the_truth_of_a_linear_gaussian_encoder():
    runs = [linear_gaussian(30, seed) for seed in range(400)]
    each = torch.tensor([mutual_information_bounds(*run[:3]) for run in runs])
    (lower, upper), truth = each.mean(0).tolist(), runs[0][3]
    error = (each.std(0) / 400**0.5).max().item()
    assert lower < truth - 3 * error
    assert upper > truth + 3 * error
    assert upper - lower < 0.6


def test_information_of_many_rows_is_near_the_truth_of_a_linear_gaussian_encoder():
    mean, sd, z, truth = linear_gaussian(4000, 0)
    lower, upper = mutual_information_bounds(mean, sd, z)
    assert lower.item() == pytest.approx(truth, abs=0.06)  # its standard error is 0.02
    assert upper.item() == pytest.approx(truth, abs=0.06)
    assert 0 < upper - lower < 0.02


def test_information_is_at_most_log_n_below_and_right_even_for_codes_that_identify_rows():
    mean, sd, _, _ = linear_gaussian(100, 0)
    lower, upper = mutual_information_bounds(mean, 1e-9 * sd, mean)
    assert lower.item() == pytest.approx(log(100), rel=1e-14)
    assert upper > 1e12


@pytest.mark.parametrize("n", [2, 50])
def test_information_of_codes_that_ignore_their_rows_is_nothing(n: int) -> None:
    mean, sd = torch.zeros(n, 2), torch.ones(n, 2)
    z = torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
    assert mutual_information_bounds(mean, sd, z) == pytest.approx((0, 0), abs=1e-14)


X, Y = blobs(20, 0)


@pytest.mark.parametrize("measure", [knn_accuracy, probe_accuracy])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X[:0], Y[:0], X, Y), "training codes have 0 rows"),
        ((X[:1], Y[:1], X, Y), "training codes have 1 rows"),
        ((X, Y, X[:0], Y[:0]), "test codes have 0 rows"),
        ((X, Y, X[:, :2], Y), "3 units and the test codes 2"),
        ((X, Y, X / 0, Y), "test codes have NaN or infinity"),
        ((X, Y - 3, X, Y), "training labels are negative in 20 of 20 rows"),
        ((X, Y, X, Y[:7]), r"test labels have the shape \(7,\)"),
        ((X, Y.double(), X, Y), "training labels .* torch.float64"),
    ],
)
def test_bad_codes_and_labels_are_refused_in_a_sentence(measure, arguments, message):
    with pytest.raises(InputError, match=message):
        measure(*arguments)


def test_too_few_rows_and_classes_are_refused_in_a_sentence():
    with pytest.raises(InputError, match="have 20 rows; 21 or more"):
        knn_accuracy(X, Y, X, Y, k=21)
    with pytest.raises(InputError, match="k is 0; 1 or more"):
        knn_accuracy(X, Y, X, Y, k=0)
    with pytest.raises(InputError, match="training labels have one class"):
        probe_accuracy(X, 0 * Y, X, Y)
    with pytest.raises(InputError, match="1 classes among 20 rows"):
        silhouette(X, 0 * Y)
    with pytest.raises(InputError, match="20 classes among 20 rows"):
        silhouette(X, torch.arange(20))


@pytest.mark.parametrize(
    ("mean", "sd", "message"),
    [
        (torch.zeros(0, 2), torch.ones(0, 2), "posterior means have 0 rows"),
        (torch.zeros(5, 2), torch.ones(5, 3), r"\(5, 2\) and their standard deviations \(5, 3\)"),
        (torch.zeros(5, 2), torch.zeros(5, 2), "smallest posterior standard deviation is 0"),
        (torch.zeros(5, 2), torch.eye(5)[:, :2], "smallest posterior standard deviation is 0"),
        (torch.full((5, 2), torch.nan), torch.ones(5, 2), "posterior means have NaN"),
    ],
)
def test_bad_posteriors_are_refused_in_a_sentence(mean, sd, message):
    with pytest.raises(InputError, match=message):
        kl_per_unit(mean, sd)
    with pytest.raises(InputError, match=message):
        mutual_information_bounds(mean, sd, mean)


def test_a_single_row_has_no_information_or_variance():
    with pytest.raises(InputError, match="have 1 rows"):
        mutual_information_bounds(torch.zeros(1, 2), torch.ones(1, 2), torch.zeros(1, 2))
    with pytest.raises(InputError, match="have 1 rows"):
        count_active_units_by_variance(torch.zeros(1, 2))
    with pytest.raises(InputError, match=r"codes have the shape \(4, 2\)"):
        mutual_information_bounds(torch.zeros(5, 2), torch.ones(5, 2), torch.zeros(4, 2))


def test_one_row_of_each_class_is_enough():
    codes, y = torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1])
    test, y_test = torch.tensor([[-1.0], [0.1], [0.9], [0.4]]), torch.tensor([0, 0, 1, 1])
    for found in (
        probe_accuracy(codes, y, test, y_test),
        knn_accuracy(codes, y, test, y_test, k=1),
    ):
        assert found.item() == 75


def test_ten_neighbours_vote_unless_said_otherwise() -> None:
    """Of 9 or 11 the majority is in class 1; of 10 there is a tie, which goes to class 0."""
    codes, y = torch.arange(1.0, 21)[:, None], torch.tensor([1] * 5 + [0] * 5 + [1] * 10)
    votes = [knn_accuracy(codes, y, torch.zeros(1, 1), y[-1:], k=k) for k in (9, 10, 11)]
    assert votes == [100, 0, 100]
    assert knn_accuracy(codes, y, torch.zeros(1, 1), y[-1:]) == 0


def test_the_fewest_rows_and_classes_that_will_do() -> None:
    assert knn_accuracy(X, Y, X[:1], Y[:1], k=20) in (0, 100)
    assert probe_accuracy(X, Y, X[:1], Y[:1]) in (0, 100)
    for classes in (2, 19):
        assert -1 <= silhouette(X, torch.arange(20) % classes) <= 1


def test_a_silhouette_is_of_5000_rows_at_most_and_of_seed_0(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[np.ndarray] = []
    monkeypatch.setattr(
        "sklearn.metrics.silhouette_score", lambda codes, y: drawn.append(codes[:, 0]) or 0.0
    )
    codes, y = torch.arange(5003).double()[:, None], torch.arange(5003) % 2
    silhouette(codes, y)
    silhouette(codes, y, seed=0, rows=5000)
    assert len(set(drawn[0])) == len(drawn[0]) == 5000
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_a_probe_of_ill_conditioned_codes_is_fitted_to_the_end() -> None:
    """As by Newton's method, without a warning."""
    codes, y = draw_ill_conditioned_codes()
    standard = ((codes - codes.mean(0)) / codes.std(0, correction=0)).numpy()
    newton = LogisticRegression(solver="newton-cholesky").fit(standard, y.numpy())
    theirs = 100 * newton.score(standard, y.numpy())
    assert probe_accuracy(codes, y, codes, y).item() == pytest.approx(theirs, abs=0.2)
