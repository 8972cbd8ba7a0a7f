"""What a CUDA graph of a round needs, as far as a CPU can tell: one program for all rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import torch
from laws import METHODS, mark_all_but_a_sample, stage
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from auxgen.engine.graphs import CapturedTraining, record_cuda_graph
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine
from auxgen.functional import schedules
from auxgen.method import Method, Moves, descend
from auxgen.networks.distributions import skip_argument_checks

DECIDED = {name for name, law in METHODS.items() if "skip_below" in law.recipe.arguments}
"""Methods that leave out classes, so that shapes depend on what q(y|x) says."""


class ListCalls(TorchDispatchMode):
    """Lists what is computed: names, shapes, and the numbers that Python gives."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if not func.name().startswith("profiler::"):
            self.calls.append(f"{func.name()} {describe([args, kwargs or {}])}")
        return func(*args, **(kwargs or {}))


def describe(value: object) -> object:
    """A value as a graph keeps it: of a tensor the shape alone."""
    if isinstance(value, Tensor):
        return tuple(value.shape), str(value.dtype)
    if isinstance(value, list | tuple):
        return [describe(each) for each in value]
    return {k: describe(v) for k, v in value.items()} if isinstance(value, dict) else repr(value)


@pytest.mark.parametrize("name", mark_all_but_a_sample())
def test_every_round_is_the_same_program(name: str) -> None:
    listed, of = [], stage(name)

    def record(work: Callable[[], None]) -> Callable[[], None]:
        def replay() -> None:
            with skip_argument_checks(), ListCalls() as calls:
                work()
            listed.append(calls.calls)

        return replay

    training = CapturedTraining(of.method, of.engine, seed=0, record_graph=record)
    while len(listed) < 2 and training.step < 10:  # those that are logged are not replayed
        training.run_round(of.batches(training.step, 0, 1, "cpu"))
    first, second = listed
    assert len(first) > 20
    if name not in DECIDED:
        differ = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
        assert first == second, differ[:1]


def test_numbers_that_python_gives_are_noticed() -> None:
    with ListCalls() as first:
        torch.ones(3).mul(2.0)
    with ListCalls() as second:
        torch.ones(3).mul(3.0)
    assert first.calls != second.calls


class Recorder:
    """In place of CUDA: what was recorded is done again, and how often is counted."""

    def __init__(self) -> None:
        self.records, self.replays = 0, 0

    def __call__(self, work: Callable[[], None]) -> Callable[[], None]:
        self.records += 1

        def replay() -> None:
            self.replays += 1
            work()

        return replay


@pytest.mark.parametrize("name", ["adgm", "gan", "image_vae"])
def test_replayed_rounds_give_the_bits_and_terms_of_played_ones(name: str) -> None:
    recorder, of, other = Recorder(), stage(name), stage(name)
    captured = CapturedTraining(of.method, of.engine, seed=0, record_graph=recorder)
    played = Training(other.method, other.engine, seed=0)
    for step in range(12):
        for training in (captured, played):
            training.run_round(of.batches(step, 0, 1, "cpu"))
    assert recorder.records == 1
    every = min(10, of.engine.log_every)
    # but for the first three, and those that are logged
    assert recorder.replays == len([step for step in range(3, 12) if step % every])
    first, second = captured.method.state_dict(), played.method.state_dict()
    assert all(torch.equal(first[key], second[key]) for key in second)
    assert captured.meter.counts == played.meter.counts
    assert captured.meter.compute_means() == played.meter.compute_means()
    kept = [value for terms, _ in captured.record.each for value in terms.values()]
    assert kept
    assert not any(value.requires_grad for value in kept)


class Stepping(Method):
    """A number whose loss depends on the step and on what is in a batch beside other things."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(1, 1, bias=False)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"a": (self.a,)}

    def round(self, batch: Any, step: Tensor) -> Moves:
        x, _, (y, _) = batch
        yield from descend(((1 + step) * self.a(x) - y).square().mean(), "a")


def test_a_replayed_round_sees_its_own_step_batch_and_rate() -> None:
    def sgd(player: str, own: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.SGD(own, lr=0.01)

    halved = partial(schedules.staircase_decay, every=2, factor=0.5, floor=0.0)
    engine, recorder, ends = Engine(20, sgd, learning_rate=halved), Recorder(), []
    for make in (Training, partial(CapturedTraining, record_graph=recorder)):
        torch.manual_seed(0)
        training = make(Stepping(), engine, seed=0)
        for step in range(9):
            training.run_round((torch.ones(2, 1) + step, None, (torch.zeros(2, 1) - step, "x")))
        ends.append(training.method.get_parameter("a.weight").item())
    assert recorder.replays == 6
    assert ends[0] == ends[1]


def test_rates_on_the_device_are_filled_and_stay_where_they_are() -> None:
    of = stage("gan")
    decay = partial(schedules.linear_warm_up, steps=10)
    engine = Engine(20, of.engine.optimizers, learning_rate=decay)
    training = CapturedTraining(of.method, engine, seed=0, record_graph=Recorder())
    groups = [g for o in training.optimizers.values() for g in o.param_groups]
    base = [g["lr"] for g in groups]
    training.make_rates_tensors()
    rates = [g["lr"] for g in groups]
    assert all(g["capturable"] for g in groups)
    training.step = 5
    training.set_learning_rates()
    assert all(g["lr"] is rate for g, rate in zip(groups, rates, strict=True))
    assert [rate.item() for rate in rates] == pytest.approx([rate / 2 for rate in base])
    training.device = "meta"
    training.make_rates_tensors()
    assert all(g["lr"].is_meta for g in groups)


def test_a_cuda_graph_is_recorded_once_and_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Graph:
        def replay(self) -> None:
            said.append("replay")

    @contextmanager
    def record(graph: Graph) -> Iterator[None]:
        said.append("begin")
        yield
        said.append("end")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", record)
    replay = record_cuda_graph(lambda: said.append("work"))
    assert said == ["begin", "work", "end"]
    replay()
    assert said[3:] == ["replay"]


def test_a_batch_of_another_shape_is_played() -> None:
    recorder, of = Recorder(), stage("image_vae")
    captured = CapturedTraining(of.method, of.engine, seed=0, record_graph=recorder)
    step = 0
    for rows, more in ((None, 1), (5, 0), (None, 1)):
        while step < 4 or captured.logs_norms():  # such rounds are played in any case
            captured.run_round(of.batches(step, 0, 1, "cpu"))
            step += 1
        before = recorder.replays
        captured.run_round(of.batches(step, 0, 1, "cpu")[:rows])
        assert recorder.replays == before + more
        step += 1
