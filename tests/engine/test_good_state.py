"""A good state is kept where it is small, and a training goes back to all of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from auxgen.engine.good_state import MAX_BYTES, GoodState, drop_gradients
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.method import Method, Moves, descend


class Line(Method):
    """A line through rows, and a count of another type."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.a = nn.Linear(width, 1)
        self.register_buffer("seen", torch.zeros(2, dtype=torch.int64))

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"a": (self.a,)}

    def round(self, batch: Any, step: Tensor) -> Moves:
        del step
        yield from descend(self.a(batch).square().mean(), "a")


class TwoLines(Line):
    def __init__(self) -> None:
        super().__init__()
        self.b = nn.Linear(3, 1)


def make_training(method: Method | None = None) -> Training:
    torch.manual_seed(0)
    return Training(method or Line(), Engine(10, adam(1e-2)), seed=0)


def play(training: Training, until: int) -> None:
    while training.step < until:
        training.run_round(torch.ones(4, 3) + training.step)


def list_state(training: Training) -> dict[str, Tensor]:
    optimizer = training.optimizers["a"].state_dict()["state"]
    moments = {f"{i}/{n}": v for i, state in optimizer.items() for n, v in state.items()}
    found = {**training.method.state_dict(), **moments}
    means = {f"mean/{n}": mean for n, mean in training.average.means.items()}
    return copy.deepcopy({**found, **means})


def test_a_state_of_as_many_bytes_as_allowed_is_kept_and_no_larger_one() -> None:
    training = make_training()
    size = (3 + 1) * 4 * 2 + 2 * 8  # weights and their means, and the count
    for limit, is_kept in ((size, True), (size - 1, False), (size + 1, True)):
        good = GoodState(limit)
        good.keep(training)
        assert good.restore(training) is is_kept
    assert GoodState().max_bytes == MAX_BYTES == 256 * 1024**2


def test_the_last_kept_state_is_the_one_gone_back_to() -> None:
    training, good = make_training(), GoodState()
    for step in (0, 2, 4):
        play(training, step)
        good.keep(training)
    kept = list_state(training)
    play(training, 6)
    assert good.restore(training)
    assert training.step == 4
    assert all(torch.equal(each, kept[name]) for name, each in list_state(training).items())


def test_of_a_round_that_did_not_end_nothing_is_left() -> None:
    training, good = make_training(), GoodState()
    play(training, 2)
    good.keep(training)
    for move in training.method.round(torch.ones(4, 3), torch.tensor(2)):
        if hasattr(move, "loss"):
            training.accumulate_gradient(move)  # pyright: ignore[reportArgumentType]
    assert good.restore(training)
    assert all(p.grad is None for p in training.method.parameters())
    assert training.meter.compute_means() == {}


def test_gradients_are_dropped_by_themselves_too() -> None:
    training = make_training()
    training.method.round(torch.ones(4, 3), torch.tensor(0))
    for p in training.method.parameters():
        p.grad = torch.ones_like(p)
    drop_gradients(training)
    assert all(p.grad is None for p in training.method.parameters())


def test_the_state_of_another_method_is_not_taken() -> None:
    training, other, good = make_training(), make_training(TwoLines()), GoodState()
    play(training, 2)
    good.keep(training)
    before = list_state(other)
    assert not good.restore(other)
    assert all(torch.equal(each, before[name]) for name, each in list_state(other).items())


@pytest.mark.parametrize(("device", "expected"), [(None, "cpu"), ("meta", "meta")])
def test_a_state_is_kept_where_it_is_or_where_it_is_told_to_be(
    device: str | None, expected: str
) -> None:
    good = GoodState(device=device)
    good.keep(make_training())
    assert {each.device.type for each in good.tensors} == {expected}
