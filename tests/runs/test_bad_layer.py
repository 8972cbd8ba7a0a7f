"""The first layer that was not finite is named, in a forward pass, a gradient or a weight."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from auxgen.engine.good_state import GoodState
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.method import Method, Moves, descend
from auxgen.runs.bad_layer import describe_bad_layer, find_bad_layer


class Overflow(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (1e30 * x) ** 2


class SteepRoot(nn.Module):
    """Finite at 0, with a gradient that is not."""

    def forward(self, x: Tensor) -> Tensor:
        return (0 * x).sqrt()


class TwoPlayers(Method):
    """Two networks of their own players; the second has a layer that may fail."""

    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.second = nn.Sequential(nn.Linear(3, 3), middle, nn.Linear(3, 1))

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"first": (self.first,), "second": (self.second,)}

    def round(self, batch: Any, step: Tensor) -> Moves:
        del step
        yield from descend(self.first(batch).mean(), "first")
        yield from descend(self.second(batch).mean(), "second")


def make_training(middle: nn.Module) -> Training:
    torch.manual_seed(0)
    return Training(TwoPlayers(middle), Engine(10, adam(1e-3)), seed=0)


@pytest.mark.parametrize(
    ("middle", "expected"),
    [
        (Overflow(), "the output of second.1 (Overflow)"),
        (SteepRoot(), "the gradient at the output of second.0 (Linear)"),
        (nn.Tanh(), ""),
    ],
)
def test_the_first_layer_is_named(middle: nn.Module, expected: str) -> None:
    training, batch = make_training(middle), torch.ones(4, 3)
    told = describe_bad_layer(training, lambda step: batch)
    assert told == (expected and f"; the first to fail was {expected}")
    assert training.step == 0
    assert not any(module._forward_hooks for module in training.method.modules())


def test_rows_that_are_not_finite_are_told_as_what_goes_in() -> None:
    found = find_bad_layer(make_training(nn.Tanh()), torch.full((4, 3), torch.inf))
    assert found == "what goes into first (Linear)"


def test_a_weight_that_a_step_made_so_is_named() -> None:
    training = make_training(nn.Tanh())
    training.run_round(torch.ones(4, 3))
    with torch.no_grad():
        training.method.get_parameter("second.2.weight").fill_(torch.inf)
    found = find_bad_layer(training, torch.ones(4, 3))
    assert found == "weight of second.2 (Linear), which round 1 made so"


@pytest.mark.parametrize("kept_at", [0, 2])
def test_a_good_state_that_is_restored_trains_to_the_same_bits(kept_at: int) -> None:
    training, good = make_training(nn.Tanh()), GoodState()
    batches = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0))

    def play(until: int) -> None:
        while training.step < until:
            training.run_round(batches[training.step])

    play(kept_at)
    good.keep(training)
    play(5)
    ends = {name: each.clone() for name, each in training.method.state_dict().items()}
    assert good.restore(training)
    assert training.step == kept_at
    play(5)
    assert all(each.equal(ends[name]) for name, each in training.method.state_dict().items())
    assert not GoodState().restore(training)
