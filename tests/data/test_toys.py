"""Toys against closed forms and quadrature."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import pi

import pytest
import torch
from sklearn.datasets import make_moons, make_swiss_roll
from torch import Tensor

from auxgen.data import toys
from auxgen.data.dataset import Dataset

DRAWS: dict[str, Callable[..., Dataset]] = {
    "moons": lambda n, seed: toys.make_moons(n, 0.1, seed),
    "ring": toys.make_ring,
    "grid": toys.make_grid,
    "circle": toys.make_circle,
    "pinwheel": toys.make_pinwheel,
    "swiss_roll": toys.make_swiss_roll,
    "swiss_roll in the plane": partial(toys.make_swiss_roll, dimensions=2),
}
DENSITIES: dict[str, tuple[Callable[..., Dataset], Callable[[Tensor], Tensor]]] = {
    "ring": (partial(toys.make_ring, sd=0.2), partial(toys.ring_log_prob, sd=0.2)),
    "grid": (partial(toys.make_grid, sd=0.2), partial(toys.grid_log_prob, sd=0.2)),
    "circle": (partial(toys.make_circle, sd=0.1), partial(toys.circle_log_prob, sd=0.1)),
    "blurred circle": (partial(toys.make_circle, sd=0.8), partial(toys.circle_log_prob, sd=0.8)),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_a_toy_is_float32_seeded_and_fresh_with_another_seed(draw: Callable[..., Dataset]) -> None:
    state = torch.get_rng_state()
    first, again, other = draw(200, seed=1), draw(200, seed=1), draw(200, seed=2)
    assert first.x.dtype == torch.float32
    assert first.kind == "points"
    assert len(first) == 200
    assert first.x.equal(again.x)
    assert first.fingerprint == again.fingerprint
    assert not first.x.equal(other.x)
    assert first.fingerprint != other.fingerprint
    assert state.equal(torch.get_rng_state())


@pytest.mark.parametrize("density", DENSITIES.values(), ids=DENSITIES.keys())
def test_a_density_integrates_to_one_with_the_mean_and_entropy_of_the_draws(
    density: tuple[Callable[..., Dataset], Callable[[Tensor], Tensor]],
) -> None:
    draw, log_prob = density
    line = (torch.arange(700, dtype=torch.float64) + 0.5) / 700 * 12 - 6
    points = torch.cartesian_prod(line, line)
    mass = log_prob(points).exp() * (12 / 700) ** 2
    assert mass.sum().item() == pytest.approx(1, abs=3e-3)
    x = draw(40000, seed=0).x.double()
    entropy = -(mass * log_prob(points).nan_to_num(neginf=0)).sum().item()
    assert -log_prob(x).mean().item() == pytest.approx(entropy, abs=0.03)
    torch.testing.assert_close(x.mean(0), mass @ points, atol=0.03, rtol=0)


@pytest.mark.parametrize(
    ("draw", "centres"), [(toys.make_ring, toys.compute_ring_centres()), (toys.make_grid, None)]
)
def test_a_component_has_its_centre_and_spread(
    draw: Callable[..., Dataset], centres: Tensor | None
) -> None:
    centres = toys.compute_grid_centres() if centres is None else centres
    found = draw(50000, seed=0, sd=0.1)
    assert len(found.classes) == len(centres)
    assert (found.y.bincount() > 0).all()
    rest = (found.x - centres[found.y]).double()
    torch.testing.assert_close(rest.T.cov(), 0.01 * torch.eye(2).double(), atol=3e-4, rtol=0)
    for c, centre in enumerate(centres):
        torch.testing.assert_close(found.x[found.y == c].mean(0), centre, atol=0.01, rtol=0)


def test_the_moons_are_those_of_scikit_learn() -> None:
    found = toys.make_moons(50000, 0.0, 0)
    truth, arc = make_moons(50001, shuffle=False)
    for c in (0, 1):
        theirs = torch.from_numpy(truth[arc == c]).float()
        ours = found.x[found.y == c]
        torch.testing.assert_close(ours.mean(0), theirs.mean(0), atol=0.02, rtol=0)
        torch.testing.assert_close(ours.T.cov(), theirs.T.cov(), atol=0.02, rtol=0)
        assert torch.cdist(ours[:500], theirs).min(1).values.max() < 1e-3
    noisy = toys.make_moons(50000, 0.2, 0).x - found.x
    torch.testing.assert_close(noisy.std(0), torch.tensor([0.2, 0.2]), atol=5e-3, rtol=0)


def test_the_six_labelled_points_are_ends_and_middles_of_the_arcs() -> None:
    six = toys.make_labelled_moons()
    truth = torch.tensor([[1, 0], [0, 1], [-1, 0], [0, 0.5], [1, -0.5], [2, 0.5]])
    torch.testing.assert_close(six.x, truth, atol=1e-6, rtol=0)
    assert six.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert six.classes == ("top", "bottom")


def test_the_swiss_roll_is_that_of_scikit_learn_and_its_plane() -> None:
    ours = toys.make_swiss_roll(50000, 0).x
    theirs = torch.from_numpy(make_swiss_roll(50000, random_state=0)[0]).float()
    torch.testing.assert_close(ours.mean(0), theirs.mean(0), atol=0.15, rtol=0)
    torch.testing.assert_close(ours.std(0), theirs.std(0), atol=0.1, rtol=0)
    flat = toys.make_swiss_roll(50000, 0, dimensions=2).x
    assert flat.equal(ours[:, [0, 2]])
    turn = (flat.norm(dim=1) - torch.atan2(flat[:, 1], flat[:, 0])) / (2 * pi)
    torch.testing.assert_close(turn, turn.round(), atol=1e-4, rtol=0)


def test_the_arms_of_a_pinwheel_are_turned_copies_of_each_other() -> None:
    found = toys.make_pinwheel(100000, 0, arms=4)
    turn = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    means = torch.stack([found.x[found.y == c].mean(0) for c in range(4)])
    torch.testing.assert_close(means[:-1] @ turn, means[1:], atol=0.02, rtol=0)
    assert (means.norm(dim=1) > 0.8).all()
