"""Wasserstein distances against POT, scipy, permutations and closed forms."""

from __future__ import annotations

from itertools import permutations
from math import pi, sqrt

import numpy as np
import ot
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor

from auxgen.errors import InputError
from auxgen.metrics.wasserstein import (
    exact_wasserstein_distance,
    line_wasserstein_distance,
    sliced_wasserstein_distance,
)


def rows(n: int, d: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) * (1 + seed) + 0.5 * seed


def test_w1_is_the_best_of_all_permutations():
    x, y = rows(6, 2, 0), rows(6, 2, 1)
    best = min((x - y[list(order)]).norm(dim=1).mean().item() for order in permutations(range(6)))
    assert exact_wasserstein_distance(x, y).item() == pytest.approx(best, rel=1e-14)


@pytest.mark.parametrize("d", [1, 2, 30])
def test_w1_is_that_of_pot(d):
    x, y = rows(200, d, 0).numpy(), rows(200, d, 1).numpy()
    theirs = ot.emd2(ot.unif(200), ot.unif(200), ot.dist(x, y, metric="euclidean"))
    ours = exact_wasserstein_distance(torch.from_numpy(x), torch.from_numpy(y)).item()
    assert ours == pytest.approx(np.asarray(theirs).item(), rel=1e-12)


def test_w1_on_a_line_is_scipys():
    x, y = rows(100, 1, 0), rows(100, 1, 1)
    theirs = wasserstein_distance(x[:, 0], y[:, 0])
    assert exact_wasserstein_distance(x, y).item() == pytest.approx(theirs, rel=1e-13)


def test_w1_of_a_shift_is_its_length_and_of_a_reordering_nothing():
    x = rows(50, 3, 0)
    shift = torch.tensor([3.0, 4.0, 0.0], dtype=torch.float64)
    assert exact_wasserstein_distance(x, x.flip(0) + shift).item() == pytest.approx(5, rel=1e-14)
    assert exact_wasserstein_distance(x, x.flip(0)).item() == 0


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 70), (9, 3)])
def test_distances_on_lines_are_scipys_for_unequal_sizes_too(n, m):
    x, y = rows(n, 4, 0).T, rows(m, 4, 1).T
    theirs = [wasserstein_distance(a, b) for a, b in zip(x, y, strict=True)]
    assert line_wasserstein_distance(x, y).tolist() == pytest.approx(theirs, rel=1e-12)


def test_sliced_w1_in_one_dimension_is_w1():
    x, y = rows(80, 1, 0), rows(80, 1, 1)
    assert sliced_wasserstein_distance(x, y, projections=70).item() == pytest.approx(
        exact_wasserstein_distance(x, y).item(), rel=1e-13
    )


def test_sliced_w1_is_the_mean_over_its_directions():
    x, y = rows(40, 3, 0), rows(60, 3, 1)
    directions = torch.randn(
        100, 3, generator=torch.Generator().manual_seed(5), dtype=torch.float64
    )
    directions = torch.nn.functional.normalize(directions)
    each = [wasserstein_distance(x @ u, y @ u) for u in directions]
    ours = sliced_wasserstein_distance(x, y, projections=100, seed=5).item()
    assert ours == pytest.approx(sum(each) / 100, rel=1e-12)


def test_sliced_w1_is_that_of_pot_along_the_same_directions():
    x, y = rows(40, 3, 0), rows(60, 3, 1)
    directions = torch.randn(
        100, 3, generator=torch.Generator().manual_seed(5), dtype=torch.float64
    )
    directions = torch.nn.functional.normalize(directions)
    theirs = ot.sliced_wasserstein_distance(
        x.numpy(), y.numpy(), projections=directions.T.numpy(), p=1
    )
    ours = sliced_wasserstein_distance(x, y, projections=100, seed=5).item()
    assert ours == pytest.approx(np.asarray(theirs).item(), rel=1e-12)


def test_sliced_w1_of_a_shift_is_the_mean_length_of_its_projections():
    # E|u_1| on the circle is 2 / pi
    x = rows(50, 2, 0)
    shift = torch.tensor([3.0, 4.0], dtype=torch.float64)
    ours = sliced_wasserstein_distance(x, x + shift, projections=20_000).item()
    assert ours == pytest.approx(5 * 2 / pi, abs=4 * 5 * sqrt(0.5 - 4 / pi**2) / sqrt(20_000))


def test_sliced_w1_of_equal_sets_is_zero_and_depends_on_the_seed_otherwise():
    x, y = rows(50, 5, 0), rows(50, 5, 1)
    assert sliced_wasserstein_distance(x, x.flip(0)).item() == pytest.approx(0, abs=1e-15)
    assert sliced_wasserstein_distance(x, y, projections=3) == sliced_wasserstein_distance(
        x, y, projections=3
    )
    assert sliced_wasserstein_distance(x, y, projections=3) != sliced_wasserstein_distance(
        x, y, projections=3, seed=1
    )


@pytest.mark.parametrize("measure", [exact_wasserstein_distance, sliced_wasserstein_distance])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (torch.zeros(0, 2), torch.zeros(0, 2), "have 0 rows"),
        (torch.zeros(1, 2), torch.zeros(1, 2), "have 1 rows"),
        (torch.zeros(4, 2), torch.zeros(4, 3), "2 features and the fake ones 3"),
        (torch.full((4, 2), torch.inf), torch.zeros(4, 2), "real rows have NaN or infinity"),
    ],
)
def test_bad_sets_are_refused_in_a_sentence(measure, x, y, message):
    with pytest.raises(InputError, match=message):
        measure(x, y)


def test_unequal_numbers_for_exact_transport_are_refused_in_a_sentence():
    with pytest.raises(InputError, match="4 rows and the fake one 5"):
        exact_wasserstein_distance(torch.zeros(4, 2), torch.zeros(5, 2))
    with pytest.raises(InputError, match="projections is 0"):
        sliced_wasserstein_distance(torch.zeros(4, 2), torch.zeros(5, 2), projections=0)


def test_one_direction_is_enough() -> None:
    """On a line there is but one."""
    x = torch.arange(6.0).view(6, 1)
    found = sliced_wasserstein_distance(x, x + 2, projections=1)
    assert found.item() == pytest.approx(2.0)


def test_there_are_500_directions_of_seed_0_unless_said_otherwise() -> None:
    x, y = rows(9, 3, 0), rows(7, 3, 1)
    expected = sliced_wasserstein_distance(x, y, projections=500, seed=0)
    assert sliced_wasserstein_distance(x, y) == expected
