"""A batch in parts, whose gradients are added before a step, trains as the whole batch."""

from __future__ import annotations

import signal
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from laws import experiment, stage
from safetensors.torch import load_file
from torch import Tensor, nn

from auxgen.data.batches import SemiSupervisedBatches
from auxgen.engine.loop import Training
from auxgen.engine.parts import check_parts, split_batch
from auxgen.engine.settings import Engine
from auxgen.errors import InputError, Interrupted
from auxgen.launch import resume, train
from auxgen.method import Gradient, Method, Moves, Step
from auxgen.stage import Stage

ENGINE = Engine(3, lambda player, own: torch.optim.SGD(own, 0.1, momentum=0.9), max_grad_norm=0.5)


class Linear(Method):
    """Least squares: the gradient of a mean over rows is known."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Linear(3, 1, bias=False)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"w": (self.w,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        yield Gradient(self.w(batch).square().mean() / 2, ("w",), {})
        yield Step(("w",))


class TwoPlayers(Method):
    """One player keeps a gradient over the other's step, whose new weights the next lines see."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.f, self.g = nn.Linear(3, 4), nn.Linear(4, 3)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"f": (self.f,), "g": (self.g,)}

    def round(self, batch: tuple[Tensor, Tensor], step: Tensor) -> Moves:
        x, other = batch
        h = self.f(x).tanh()
        loss = (self.g(h) - x).square().sum(1).mean()
        yield Gradient(loss, ("f", "g"), {"first": loss})
        yield Step(("f",))
        again = (self.g(self.f(other).tanh()) - other).square().sum(1).mean()
        yield Gradient(again + h.detach().square().mean(), ("g",), {"second": again})
        yield Step(("g",))


def test_the_gradient_is_that_of_all_rows() -> None:
    x = torch.randn(12, 3, dtype=torch.float64)
    method = Linear().double()
    before = method.w.weight.detach().clone()
    optimizer = Engine(1, lambda player, own: torch.optim.SGD(own, 0.1))
    Training(method, optimizer, seed=0, accumulate=4).run_round(x)
    gradient = x.T @ (x @ before.T) / 12
    torch.testing.assert_close(method.w.weight, before - 0.1 * gradient.T, rtol=1e-12, atol=0)


@pytest.mark.parametrize("parts", [2, 3, 6])
def test_parts_train_as_the_whole_batch_where_several_players_step(parts: int) -> None:
    whole, played = (
        Training(TwoPlayers().double(), ENGINE, seed=0, accumulate=count) for count in (1, parts)
    )
    for step in range(4):
        draw = torch.Generator().manual_seed(step)
        x, other = torch.randn(2, 12, 3, generator=draw, dtype=torch.float64)
        for training in (whole, played):
            training.run_round((x, other[:6]))
    for a, b in zip(whole.method.parameters(), played.method.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-13)
    means = whole.meter.compute_means()
    for name, value in played.meter.compute_means().items():
        assert value == pytest.approx(means[name], rel=1e-5), name


def test_a_batch_is_split_as_it_is_made() -> None:
    Named = namedtuple("Named", "x y")
    x, y = torch.arange(6), torch.arange(12).reshape(4, 3)
    first, second = split_batch(Named(x, (y, None)), 2)
    assert isinstance(first, Named)
    assert torch.equal(torch.cat((first.x, second.x)), x)
    assert torch.equal(torch.cat((first.y[0], second.y[0])), y)
    assert first.y[1] is None


def test_a_batch_in_one_part_is_itself_and_a_number_has_no_parts() -> None:
    number = torch.tensor(3.0)
    assert split_batch(number, 1)[0] is number
    check_parts(1)
    with pytest.raises(InputError, match="A batch with a number cannot be played in 2 equal"):
        split_batch((torch.zeros(4), number), 2)


def test_rows_that_cannot_be_divided_are_told() -> None:
    of = stage("m2")  # 6 labelled rows and 16 others
    training = Training(of.method, of.engine, seed=0, accumulate=4)
    with pytest.raises(InputError, match=r"A batch with 6 rows cannot be played in 4 equal parts"):
        training.run_round(of.batches(0, 0, 1, "cpu"))


@pytest.mark.parametrize(
    ("parts", "told"), [(4, "A batch with 6 rows cannot be"), (6, "batch with 16 rows cannot")]
)
def test_parts_are_checked_before_there_is_a_run(parts: int, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        train(experiment(method="m2"), run=tmp_path / "run", accumulate=parts, device="cpu")
    assert not (tmp_path / "run").exists()


def test_a_part_of_one_row_is_told_where_it_would_be_normalised(tmp_path: Path) -> None:
    of = stage("m2")
    batches = SemiSupervisedBatches(
        torch.rand(9, 6), torch.arange(9) % 3, torch.rand(64, 6), 4, 4, 0
    )
    stages = {"m2": replace(of, batches=batches)}
    with pytest.raises(InputError, match=r"A part of a batch of stage m2 has one row"):
        train(stages, run=tmp_path / "run", accumulate=4, device="cpu")


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, "2"])
def test_other_numbers_of_parts_are_refused(wrong: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"accumulate is .*; a whole number of 1 or more"):
        train(experiment(method="m2"), run=tmp_path / "run", accumulate=wrong)  # pyright: ignore


class Stopping:
    def __init__(self, of: Stage) -> None:
        self.batches = of.batches

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> object:
        if step == 3:
            signal.raise_signal(signal.SIGTERM)
        return self.batches(step, rank, ranks, device)


def test_a_run_keeps_its_parts_and_resumes_to_the_same_bits(tmp_path: Path) -> None:

    named = {"device": "cpu", "quiet": True}
    run = train({"m2": stage("m2", 6)}, run=tmp_path / "whole", accumulate=2, **named)
    assert run.config["accumulate"] == 2
    train({"m2": stage("m2", 6)}, run=tmp_path / "other", **named)
    of = stage("m2", 6)
    stopping = {"m2": replace(of, batches=Stopping(of))}
    with pytest.raises(Interrupted):
        train(stopping, run=tmp_path / "part", accumulate=2, **named)
    resume(tmp_path / "part", experiment={"m2": stage("m2", 6)}, **named)
    whole, part, other = (
        load_file(tmp_path / name / "m2" / "model.safetensors")
        for name in ("whole", "part", "other")
    )
    assert all(torch.equal(whole[name], part[name]) for name in whole)
    assert not all(torch.equal(whole[name], other[name]) for name in whole)
