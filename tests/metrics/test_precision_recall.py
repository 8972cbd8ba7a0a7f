"""Precision, recall, density and coverage against enumeration and their known expectations."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from auxgen.errors import InputError
from auxgen.metrics import precision_recall as manifolds
from auxgen.metrics.precision_recall import (
    density_coverage,
    precision_recall,
)


def inside(centres: Tensor, points: Tensor, k: int) -> np.ndarray:
    """Whether point j lies in ball i, pair by pair in whole numbers: (n, m)."""
    found = np.zeros((len(centres), len(points)), dtype=bool)
    for i, centre in enumerate(centres):
        others = sorted((centre - c).square().sum().item() for c in centres)
        for j, point in enumerate(points):
            found[i, j] = (centre - point).square().sum().item() <= others[k]  # others[0] is self
    return found


def lattice(n: int, seed: int) -> Tensor:
    """Whole numbers, so that ties and copies abound and the enumeration is exact."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-4, 5, (n, 3), generator=generator).double()


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("block", [7, 256])
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_all_four_are_those_by_enumeration(monkeypatch, k, block, offset):
    monkeypatch.setattr(manifolds, "BLOCK", block)
    real = lattice(40, 0) + offset
    fake = lattice(25, 1) + offset + torch.tensor([3, 0, 0])
    of_real, of_fake = inside(real, fake, k), inside(fake, real, k)
    precision, recall = precision_recall(real, fake, k=k)
    density, coverage = density_coverage(real, fake, k=k)
    assert precision.item() == pytest.approx(of_real.any(0).mean(), abs=1e-15)
    assert recall.item() == pytest.approx(of_fake.any(0).mean(), abs=1e-15)
    assert density.item() == pytest.approx(of_real.sum() / (k * 25), abs=1e-15)
    assert coverage.item() == pytest.approx(of_real.any(1).mean(), abs=1e-15)
    assert 0 < precision < 1
    assert 0 < recall < 1


def test_balls_are_those_of_scikit_learns_neighbours():
    generator = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 200, 20, generator=generator, dtype=torch.float64)
    fake = 1.1 * fake
    radii = NearestNeighbors(n_neighbors=5).fit(real.numpy()).kneighbors()[0][:, -1]
    met = (torch.cdist(real, fake) <= torch.from_numpy(radii)[:, None]).double()
    density, coverage = density_coverage(real, fake)
    assert density.item() == pytest.approx(met.sum().item() / (5 * 200), abs=1e-15)
    assert coverage.item() == pytest.approx(met.amax(1).mean().item(), abs=1e-15)


def test_a_set_of_copies_is_wholly_in_the_manifold_whatever_the_round_off():
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(300, 50, generator=generator) + 100
    order = torch.randperm(300, generator=generator)
    assert precision_recall(real, real[order]) == (1, 1)
    density, coverage = density_coverage(real, real[order], k=5)
    assert coverage == 1
    assert density.item() == pytest.approx(6 / 5, abs=1e-15)  # k neighbours and the row itself


def test_sets_far_apart_meet_nowhere():
    near, far = lattice(20, 0), lattice(20, 1) + 1000
    assert precision_recall(near, far) == (0, 0)
    assert density_coverage(near, far) == (0, 0)


def test_dropping_modes_lowers_recall_and_coverage_and_not_precision():
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(400, 2, generator=generator, dtype=torch.float64)
    real[200:] += 20
    fake = torch.randn(400, 2, generator=generator, dtype=torch.float64)
    precision, recall = precision_recall(real, fake)
    assert precision > 0.9
    assert 0.4 < recall <= 0.5
    assert density_coverage(real, fake).coverage < 0.51


def test_density_and_coverage_of_equal_distributions_are_as_expected():
    generator = torch.Generator().manual_seed(0)
    each = torch.tensor(
        [
            density_coverage(x[:60], x[60:], k=5)
            for x in torch.randn(300, 100, 4, generator=generator, dtype=torch.float64)
        ]
    )
    error = each.std(0) / len(each) ** 0.5
    # the lemma on coverage of Naeem et al. (2020)
    truth = torch.tensor([1, 1 - prod((60 - i) / (100 - i) for i in range(1, 6))])
    assert ((each.mean(0) - truth).abs() < 3 * error).all()
    assert error.max() < 0.01


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (torch.zeros(0, 2), torch.zeros(9, 2), "real rows have 0 rows"),
        (torch.zeros(9, 2), torch.zeros(1, 2), "fake rows have 1 rows"),
        (torch.zeros(9, 2), torch.zeros(3, 2), "smaller set has 3 rows; more than k = 3"),
        (torch.zeros(9, 2), torch.zeros(9, 3), "2 features and the fake ones 3"),
        (torch.zeros(9, 2), torch.full((9, 2), torch.nan), "fake rows have NaN"),
    ],
)
def test_bad_sets_are_refused_in_a_sentence(measure, real, fake, message):
    with pytest.raises(InputError, match=message):
        measure(real, fake, k=3)


def test_no_neighbours_are_refused_in_a_sentence():
    with pytest.raises(InputError, match="k is 0"):
        precision_recall(torch.zeros(9, 2), torch.zeros(9, 2), k=0)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_unit_of_features_changes_nothing(scale):
    generator = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 60, 4, generator=generator, dtype=torch.float64)
    for measure in (precision_recall, density_coverage):
        torch.testing.assert_close(
            tuple(measure(scale * real, scale * fake)), tuple(measure(real, fake))
        )


def test_balls_reach_the_third_neighbour_unless_said_otherwise() -> None:
    """That of the row 0 reaches to -3, that by the fourth neighbour to -4."""
    real, fake = torch.arange(10.0)[:, None], torch.tensor([[-2.5], [-3.5], *[[50.0]] * 6])
    found = [precision_recall(real, fake, k=k).precision for k in (2, 3, 4)]
    assert found == [0, 1 / 8, 2 / 8]
    assert precision_recall(real, fake).precision == 1 / 8


def test_rows_that_are_all_alike_lie_in_balls_without_a_radius() -> None:
    real, fake = torch.full((7, 2), 5.0), torch.full((6, 2), 5.0)
    assert precision_recall(real, fake) == (1, 1)
    assert density_coverage(real, fake, k=2) == (7 / 2, 1)


@pytest.mark.parametrize(("beyond", "precision"), [(0.5, 0.5), (2.0, 0.0)])
def test_a_ball_is_larger_by_a_billionth_of_a_thousandth_of_its_squared_distance_from_the_mean(
    beyond: float, precision: float
) -> None:
    """Of 10^6 here, so that a row may lie beyond the squared radius, which is 1, by 10^-6."""
    centre, axis = torch.full((4,), 500.0).double(), torch.eye(4)[0].double()
    real = torch.stack([centre, centre + axis, -centre, -centre - axis])
    fake = torch.stack([centre - axis * (1 + beyond * 1e-6) ** 0.5, 0 * centre])
    assert precision_recall(real, fake, k=1).precision == precision
