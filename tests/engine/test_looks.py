"""When looks at held-out rows end training, and which weights they keep."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from auxgen.engine.looks import LOOKS, Looks, count_rounds_between_looks

LOSSES = st.lists(st.floats() | st.integers(0, 3), max_size=30)


def look_at(losses: list[float], patience: int) -> Looks:
    """Looks every ten rounds, until they are over."""
    looks = Looks(patience)
    for i, loss in enumerate(losses, 1):
        looks.add(10 * i, float(loss), {"w": torch.tensor(i)})
        if looks.are_over:
            break
    return looks


@given(losses=LOSSES, patience=st.integers(1, 5))
def test_the_first_of_the_smallest_losses_is_kept(losses: list[float], patience: int) -> None:
    looks = look_at(losses, patience)
    seen = [x if math.isfinite(x) else math.inf for x in map(float, losses[: looks.count])]
    finite = [x for x in seen if x < math.inf]
    if not finite:
        assert (looks.best, looks.weights) == (0, {})
        assert looks.count == len(losses)
        return
    best = seen.index(min(finite)) + 1
    assert (looks.best, looks.best_step, looks.best_loss) == (best, 10 * best, seen[best - 1])
    assert looks.weights["w"] == best


@given(losses=LOSSES, patience=st.integers(1, 5))
def test_training_ends_after_as_many_looks_without_a_better_one(
    losses: list[float], patience: int
) -> None:
    looks = look_at(losses, patience)
    assert looks.are_over == (looks.best > 0 and looks.count - looks.best == patience)
    if not looks.are_over:
        assert looks.count == len(losses)


@given(losses=LOSSES, patience=st.integers(1, 5), cut=st.integers(0, 30))
def test_looks_that_are_restored_go_on_as_if_nothing_had_been(
    losses: list[float], patience: int, cut: int
) -> None:
    whole, first = look_at(losses, patience), look_at(losses[:cut], patience)
    again = Looks(patience)
    again.restore(first.list_numbers(), first.weights)
    for i, loss in enumerate(losses[again.count :], again.count + 1):
        if again.are_over:
            break
        again.add(10 * i, float(loss), {"w": torch.tensor(i)})
    assert again == whole


def test_before_the_first_look_there_is_nothing() -> None:
    nothing = {"count": 0, "best": 0, "best_step": 0, "best_loss": None}
    assert Looks(3).list_numbers() == nothing
    assert not Looks(3).are_over


@pytest.mark.parametrize(("steps", "every"), [(39, 1), (40, 2), (5000, 250), (5019, 250)])
def test_the_rounds_are_divided_by_twenty_looks(steps: int, every: int) -> None:
    assert count_rounds_between_looks(steps) == every


@pytest.mark.parametrize("steps", [0, 1, 7, 19, 20, 39, 5000, 5017])
def test_there_are_about_so_many_looks(steps: int) -> None:
    every = count_rounds_between_looks(steps)
    assert every >= 1
    assert min(steps, LOOKS) <= steps // every <= max(LOOKS, 2 * LOOKS - 1)
