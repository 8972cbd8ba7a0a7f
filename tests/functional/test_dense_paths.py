"""Labels along dense paths, against all paths of small graphs, and where rows are alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from auxgen.data.toys import make_moons
from auxgen.errors import InputError
from auxgen.functional.dense_paths import spread_labels


def measure_all_paths(x: Tensor, power: float) -> np.ndarray:
    """Shortest paths between all rows over all others (Floyd, 1962): (n, d) -> (n, n)."""
    lengths = torch.cdist(x, x).double().numpy() ** power
    for middle in range(len(x)):
        lengths = np.minimum(lengths, lengths[:, middle : middle + 1] + lengths[middle])
    return lengths


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 2.0, 3.5]))
def test_a_row_gets_the_label_at_the_end_of_its_shortest_path(seed: int, power: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(12, 2, generator=generator, dtype=torch.float64)
    y = torch.full((12,), -1)
    y[:4] = torch.tensor([0, 1, 2, 1])
    found = spread_labels(x, y, neighbours=11, power=power)
    assert found.tolist() == y[measure_all_paths(x, power)[:, :4].argmin(1)].tolist()


def test_a_chain_is_followed_though_another_label_is_nearer() -> None:
    chain = torch.stack([torch.linspace(0, 5, 51), torch.zeros(51)], 1)
    x = torch.cat([chain, torch.tensor([[5.0, 0.6], [5.0, 0.7]])])
    y = torch.full((len(x),), -1)
    y[0], y[-1] = 0, 1
    assert spread_labels(x, y, neighbours=3)[50] == 0  # 0.001 * 50 against 0.216
    assert spread_labels(x, y, neighbours=3, power=1)[50] == 1  # 5 against 0.6


@pytest.mark.parametrize("seed", range(5))
def test_three_random_labels_tell_each_moon(seed: int) -> None:
    moons = make_moons(2000, noise=0.1, seed=seed)
    generator, y = torch.Generator().manual_seed(seed), torch.full((2000,), -1)
    for label in (0, 1):
        own = torch.nonzero(moons.y == label).flatten()
        some = own[torch.randperm(len(own), generator=generator)[:3]]
        y[some] = label
    assert (spread_labels(moons.x, y) == moons.y).double().mean() > 0.98


def test_rows_that_no_path_reaches_stay_without_a_label() -> None:
    x = torch.cat([torch.arange(5.0), 100 + torch.arange(5.0)]).view(-1, 1)
    y = torch.tensor([3, *[-1] * 9])
    assert spread_labels(x, y, neighbours=2).tolist() == [3] * 5 + [-1] * 5
    assert spread_labels(x, torch.full((10,), -1)).tolist() == [-1] * 10


def test_known_labels_stay_and_equal_rows_agree() -> None:
    x = torch.zeros(6, 3, 2)
    x[3:] = 1
    x[4] = torch.nan  # the mean: between both
    y = torch.tensor([0, -1, -1, 1, -1, -1])
    found = spread_labels(x, y, neighbours=2)
    assert found[[0, 1, 2, 3, 5]].tolist() == [0, 0, 0, 1, 1]
    assert spread_labels(x[:1], y[:1]).tolist() == [0]


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(InputError, match="neighbours"):
        spread_labels(torch.zeros(3, 1), torch.tensor([0, -1, -1]), neighbours=0)
    with pytest.raises(InputError, match="power"):
        spread_labels(torch.zeros(3, 1), torch.tensor([0, -1, -1]), power=0.5)


@pytest.mark.parametrize(("rows", "found"), [(10, 1), (11, -1)])
def test_a_row_has_ten_neighbours_unless_said_otherwise(rows: int, found: int) -> None:
    """Of a group of 10 the tenth lies in the other group, of a group of 11 in its own."""
    x = torch.cat([torch.arange(rows), 100 + torch.arange(rows)]).view(-1, 1).float()
    y = torch.tensor([1, *[-1] * (2 * rows - 1)])
    assert spread_labels(x, y)[-1] == found


@pytest.mark.parametrize(("gap", "found"), [(1.6, 0), (1.8, 1)])
def test_lengths_are_cubed_unless_said_otherwise(gap: float, found: int) -> None:
    """Five steps of 1 to the one label against a gap to the other, whose cube is 4.1 or 5.8."""
    x = torch.tensor([0, 1, 2, 3, 4, 5, -gap]).view(-1, 1)
    assert spread_labels(x, torch.tensor([*[-1] * 5, 1, 0]))[0] == found


def test_a_path_leads_to_a_row_from_its_neighbour_though_that_has_nearer_ones() -> None:
    x = torch.tensor([[0.0], [1.0], [10.0]])
    assert spread_labels(x, torch.tensor([-1, 5, -1]), neighbours=1).tolist() == [5, 5, 5]
    assert spread_labels(x[1:], torch.tensor([5, -1])).tolist() == [5, 5]


def test_an_unknown_entry_is_exactly_0() -> None:
    x = torch.tensor([[-0.0004], [0.0009], [torch.nan]])
    assert spread_labels(x, torch.tensor([0, 1, -1]), neighbours=2).tolist() == [0, 1, 0]
