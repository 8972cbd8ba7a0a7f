"""Modes covered, duplicates and recall, against enumeration and what the truth itself has."""

from __future__ import annotations

from math import exp

import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from auxgen.data import toys
from auxgen.data.fitting import fit_preprocessor
from auxgen.errors import InputError
from auxgen.evaluation.samples import (
    ModeCoverage,
    SampleDiversity,
    count_by_mode,
    measure_duplicate_share,
    nearest_neighbour_distances,
)

CENTRES = toys.compute_ring_centres()


def cloud(n: int, seed: int, width: int = 3) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


class Few:
    """Samples rows that are given, over and over, moved by a little."""

    def __init__(self, rows: Tensor, moved: float = 0.0) -> None:
        self.rows, self.moved = rows, moved

    def sample(self, n: int) -> Tensor:
        chosen = self.rows[torch.randint(len(self.rows), (n,))]
        return chosen + self.moved * torch.randn_like(chosen)


def test_samples_are_counted_by_their_nearest_mode_within_three_deviations() -> None:
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    x = torch.tensor([[0.0, 2.9], [0.0, -3.1], [10.0, 0.0], [10.0, 3.0], [5.0, 0.0]])
    found = count_by_mode(x, centres, sd=1.0)
    assert found.counts.tolist() == [1, 2, 0]
    assert found.high_quality == 3 / 5


def test_the_truth_covers_all_modes_with_its_share_of_high_quality() -> None:
    space = fit_preprocessor(toys.make_ring(10))
    truth = Few(toys.make_ring(50_000, seed=1).x)
    scores = ModeCoverage(CENTRES, space, sd=0.05)(truth)
    assert scores["modes"].value == 8
    assert sum(scores["modes"].detail["counts"]) == round(scores["high_quality"].value * 100)
    expected = 100 * (1 - exp(-9 / 2))
    spread = scores["high_quality"].spread
    assert spread is not None
    assert abs(scores["high_quality"].value - expected) < 4 * spread


def test_a_mode_wants_a_share_of_all_samples_of_high_quality() -> None:
    """Three modes are hit; of one the samples are too few, of one too far off."""
    space = fit_preprocessor(toys.make_ring(10))
    parts = [
        CENTRES[:1].expand(900, 2),
        CENTRES[1:2].expand(4, 2),
        1.5 * CENTRES[2:3].expand(96, 2),
    ]
    scores = ModeCoverage(CENTRES, space, sd=0.05, n=2000)(Few(torch.cat(parts)))
    assert scores["modes"].value == 1
    assert scores["high_quality"].value == pytest.approx(90.4, abs=2)


def test_modes_are_counted_in_raw_units() -> None:
    truth = toys.make_ring(5000)
    space = fit_preprocessor(truth, standardise=True)
    assert ModeCoverage(CENTRES, space, sd=0.05)(Few(space.transform(truth.x)))["modes"].value == 8
    assert ModeCoverage(CENTRES, space, sd=0.05)(Few(truth.x))["modes"].value == 0


def test_nearest_is_that_of_scikit_learn() -> None:
    x = cloud(60, 0)
    found = NearestNeighbors(n_neighbors=1).fit(x.numpy()).kneighbors()[0][:, 0]
    torch.testing.assert_close(
        nearest_neighbour_distances(x), torch.from_numpy(found).double(), rtol=1e-6, atol=0
    )


def test_equal_distributions_have_as_many_duplicates_as_the_quantile() -> None:
    each = [
        measure_duplicate_share(cloud(400, 2 * s), cloud(400, 2 * s + 1), quantile=0.1)
        for s in range(20)
    ]
    assert torch.stack(each).mean() == pytest.approx(0.1, abs=0.02)


def test_copies_are_duplicates_and_a_spread_set_has_none() -> None:
    real = cloud(50, 0)
    assert measure_duplicate_share(real, cloud(25, 1).repeat(2, 1)) == 1
    assert measure_duplicate_share(real, torch.arange(150.0).view(50, 3)) == 0
    with pytest.raises(InputError, match="equal numbers"):
        measure_duplicate_share(real, real[:40])


def test_a_collapsed_generator_is_seen_by_duplicates_and_recall() -> None:
    test = toys.make_ring(300, seed=2)
    space = fit_preprocessor(test)
    watch = SampleDiversity(test, space)
    truth = watch(Few(toys.make_ring(50_000, seed=1).x))
    collapsed = watch(Few(CENTRES[:2], moved=1e-3))
    assert collapsed["duplicates"].value > 60 > 5 > truth["duplicates"].value
    assert collapsed["recall"].value < 5 < 85 < truth["recall"].value
    assert "300 samples" in truth["recall"].protocol


def test_the_watch_wants_enough_rows() -> None:
    test = toys.make_ring(3)
    with pytest.raises(InputError, match="rows is 3"):
        SampleDiversity(test, fit_preprocessor(test))
