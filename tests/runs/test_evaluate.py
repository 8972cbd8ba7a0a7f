"""Carrying out evaluations: repetitions, their spread, and the random state outside."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from evaluation.linear_gaussian import LinearGaussian

from auxgen.runs.evaluate import measure_scores
from auxgen.score import Score


@dataclass(frozen=True)
class Seeded:
    """Its seed is its value."""

    seed: int = 5

    def __call__(self, method: object) -> Score:
        return Score(float(self.seed), "", 1, "its seed", 9.0, "guess")


@dataclass(frozen=True)
class Fixed:
    """Draws nothing; makes two scores."""

    def __call__(self, method: object) -> dict[str, Score]:
        return {name: Score(2.0, "", 1, "fixed", 0.5, "standard error") for name in "ab"}


def test_repetitions_have_seeds_of_their_own_and_give_mean_and_standard_deviation():
    found = measure_scores("s", LinearGaussian(), {"x": Seeded()}, 0, draws=3)["s/x"]
    assert found["value"] == 6
    assert found["spread"] == pytest.approx(1)
    assert found["spread_is"] == "standard deviation over 3 draws"
    assert found["detail"]["draws"] == [5, 6, 7]
    assert "mean of 3 draws" in found["protocol"]


def test_what_draws_nothing_is_measured_once_and_keeps_its_spread():
    found = measure_scores("s", LinearGaussian(), {"x": Fixed()}, 0, draws=3)
    assert list(found) == ["s/a", "s/b"]
    assert found["s/a"]["spread"] == 0.5
    assert "draws" not in found["s/a"]["protocol"]


def test_evaluations_without_a_seed_start_from_the_runs_and_leave_the_random_state_alone():
    torch.manual_seed(11)
    before = torch.get_rng_state()

    def drawn(method: object) -> Score:
        return Score(torch.rand(()).item(), "", 1, "drawn")

    one = measure_scores("s", LinearGaussian(), {"x": drawn, "y": drawn}, 4)
    assert one["s/x"]["value"] == one["s/y"]["value"]
    two = measure_scores("s", LinearGaussian(), {"x": drawn}, 4, draws=2)["s/x"]
    assert two["detail"]["draws"][0] == one["s/x"]["value"] != two["detail"]["draws"][1]
    assert torch.equal(before, torch.get_rng_state())
