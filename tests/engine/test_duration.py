"""The time of a stage is estimated from the shortest of a few rounds, which change nothing."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from auxgen.engine import duration
from auxgen.engine.duration import estimate_seconds
from auxgen.engine.meter import Meter
from auxgen.engine.settings import Engine, Precision, adam
from auxgen.method import Method, Moves, descend


class Device:
    """One that works on what it was asked for while Python goes on, until a number is read."""

    def __init__(self, patch: pytest.MonkeyPatch, rounds: Sequence[float]) -> None:
        """`rounds` are the seconds of each."""
        self.now, self.waiting, self.rounds = 50.0, 0.0, iter(rounds)
        read = Meter.compute_means

        def compute_means(meter: Meter) -> dict[str, float]:
            self.now, self.waiting = self.now + self.waiting, 0.0
            return read(meter)

        patch.setattr(Meter, "compute_means", compute_means)
        patch.setattr(duration.time, "perf_counter", lambda: self.now)


class Timed(Method):
    """A method whose rounds are as long as a device says, or fail."""

    def __init__(self, device: Device, failure: Exception | None = None) -> None:
        super().__init__()
        self.layer, self.device, self.failure = nn.Linear(2, 2), [device], failure
        self.types: list[torch.dtype] = []

    def __deepcopy__(self, memo: Any) -> Method:
        copied = Timed(self.device[0], self.failure)
        copied.layer, copied.types = copy.deepcopy(self.layer, memo), self.types
        return copied

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"all": (self.layer,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        if self.failure:
            raise self.failure
        device = self.device[0]
        device.waiting += next(device.rounds)
        y = self.layer(batch + torch.rand(3, 2))
        self.types.append(y.dtype)
        yield from descend(y.float().square().mean(), "all")


def estimate(method: Timed, steps: int = 1000, precision: Precision = "32") -> Any:
    """The estimate, and the steps of the batches that it asked for."""
    asked: list[int] = []

    def get_batch(step: int) -> Tensor:
        asked.append(step)
        return torch.ones(3, 2)

    engine = Engine(steps, adam(0.1), precision=precision)
    return estimate_seconds(method, get_batch, engine, device="cpu"), asked


@pytest.mark.parametrize(
    ("rounds", "shortest", "played"),
    [
        ([4.0, 0.25, 0.5, 0.25, 0.125, 0.25, 0.0625], 0.125, 6),  # of five after the first
        ([0.0, 1.75, 0.5, 0.25], 0.5, 3),  # more than two seconds are enough
        ([0.0, 1.5, 0.5, 0.25], 0.5, 3),  # and so are two
        ([9.0, 4.0, 0.25], 4.0, 2),  # without what the first one takes
    ],
)
def test_all_rounds_take_the_shortest_of_five_or_of_two_seconds(
    rounds: list[float], shortest: float, played: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = Timed(Device(monkeypatch, rounds))
    assert estimate(method) == (1000 * shortest, list(range(played)))


def test_estimating_changes_nothing_and_is_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    method = Timed(Device(monkeypatch, [9.0] * 9))
    before, state = copy.deepcopy(method.state_dict()), torch.get_rng_state()
    with torch.no_grad():
        assert estimate(method, precision="bf16")[0] == 9000
        assert not torch.is_grad_enabled()
    assert set(method.types) == {torch.float32}
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(v, before[k]) for k, v in method.state_dict().items())


@pytest.mark.parametrize("failure", [RuntimeError("not fitted"), ValueError("not fitted")])
def test_what_cannot_be_played_yet_has_no_estimate(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert estimate(Timed(Device(monkeypatch, []), failure)) == (None, [0])


def test_memory_that_is_full_is_no_missing_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    full = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")
    with pytest.raises(RuntimeError, match="allocate memory"):
        estimate(Timed(Device(monkeypatch, []), full))
