"""What every method must satisfy, whatever it is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from laws import METHODS, experiment, stage
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from zuko.flows import GeneralCouplingTransform

import auxgen
from auxgen.engine.loop import Training, freeze_unowned_networks
from auxgen.engine.weights import collect_parameters
from auxgen.launch import resume, train
from auxgen.method import Gradient, Samples, Step
from auxgen.networks.distributions import skip_argument_checks
from auxgen.stage import Stage


@pytest.fixture(params=METHODS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def batch(of: Stage) -> object:
    return of.batches(0, 0, 1, "cpu")


def played(of: Stage, steps: int, **settings: object) -> Training:
    training = Training(of.method, of.engine, seed=0, **settings)  # pyright: ignore
    for step in range(steps):
        training.run_round(of.batches(step, 0, 1, "cpu"))
    return training


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_every_player_steps_and_none_steps_on_nothing(name: str) -> None:
    method, fed, stepped = stage(name).method, set(), set()
    for move in method.round(batch(stage(name)), torch.tensor(0)):
        match move:
            case Gradient(loss, players):
                assert loss.ndim == 0
                assert torch.isfinite(loss)
                fed |= set(players)
            case Step(players):
                assert set(players) <= fed
                stepped |= set(players)
    assert stepped == set(method.players())


class NoticeWaits(TorchDispatchMode):
    """Notices what would wait for a device: a number read from it, or a shape that it decides."""

    waiting = ("_local_scalar_dense", "equal", "nonzero", "masked_select", "_unique2", "bincount")

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name().removeprefix("aten::").partition(".")[0]
        places = args[1] if name in ("index", "index_put", "index_put_") else ()
        chooses = any(place is not None and place.dtype == torch.bool for place in places)
        if name in self.waiting or chooses:
            self.seen.add(name)
        return func(*args, **(kwargs or {}))


def test_a_round_never_waits_for_the_device(name: str) -> None:
    of = stage(name)
    training = Training(of.method, of.engine, seed=0)
    given, step = batch(of), training.make_step_tensor()
    with skip_argument_checks(), NoticeWaits() as noticed:  # of which only tests have some
        for move in training.iterate_under_autocast(of.method.round(given, step)):
            if isinstance(move, Gradient):
                training.accumulate_gradient(move)
    couples = any(isinstance(module, GeneralCouplingTransform) for module in of.method.modules())
    counts = "skip_below" in METHODS[name].recipe.arguments  # pairs of a row and a class, once
    assert noticed.seen == ({"nonzero"} if couples or counts else set())  # zuko: a fixed mask


@pytest.mark.parametrize(
    "wait",
    [
        *(lambda x: x.sum().item(), lambda x: bool(x[0] > 0), lambda x: x[x > 0], torch.unique),
        *(
            lambda x: torch.equal(x, x),
            lambda x: F.one_hot(x.long()),
            lambda x: list(map(float, x)),
        ),
    ],
)
def test_waits_are_noticed(wait: Callable[[Tensor], object]) -> None:
    with NoticeWaits() as noticed:
        wait(torch.tensor([1.0, 2.0]))
    assert noticed.seen


def test_no_parameter_has_two_players(name: str) -> None:
    owned = [
        id(p) for nets in stage(name).method.players().values() for p in collect_parameters(nets)
    ]
    assert len(owned) == len(set(owned))


def test_a_gradient_reaches_all_and_only_its_players(name: str) -> None:
    method = stage(name).method
    freeze_unowned_networks(method)
    for move in method.round(batch(stage(name)), torch.tensor(3)):
        if isinstance(move, Gradient):
            nets = [net for player in move.players for net in method.players()[player]]
            own = {id(p) for p in collect_parameters(nets)}
            method.zero_grad()
            move.loss.backward(retain_graph=True)
            reached = {id(p) for p in method.parameters() if p.grad is not None}
            assert reached == own


def test_training_moves_all_that_is_owned_and_keeps_the_rest(name: str) -> None:
    of = stage(name)
    before = copy.deepcopy(of.method.state_dict())
    training = played(of, 3)
    own = {id(p) for player in training.player_parameters.values() for p in player}
    for parameter, value in of.method.named_parameters():
        assert torch.equal(value, before[parameter]) == (id(value) not in own), parameter


def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    first, second = (played(stage(name), 4).method.state_dict() for _ in range(2))
    assert same(first, second)


def test_random_numbers_drawn_between_rounds_disturb_nothing(name: str) -> None:
    disturbed = stage(name)
    training = Training(disturbed.method, disturbed.engine, seed=0)
    for step in range(4):
        torch.rand(step + 1)
        training.run_round(disturbed.batches(step, 0, 1, "cpu"))
    assert same(training.method.state_dict(), played(stage(name), 4).method.state_dict())


def test_an_artefact_gives_the_same_samples_and_weights(name: str, tmp_path: Path) -> None:
    train(experiment(method=name), run=tmp_path / "run", device="cpu", quiet=True)
    again = auxgen.load(tmp_path / "run" / name)
    trained = experiment(method=name)
    resume(tmp_path / "run", experiment=trained, device="cpu", quiet=True)
    method = trained[name].method.eval()
    assert same(again.method.state_dict(), method.state_dict())
    if isinstance(method, Samples) and isinstance(again.method, Samples):
        torch.manual_seed(0)
        expected = method.sample(5)
        torch.manual_seed(0)
        assert expected.shape == (5, *METHODS[name].shape)
        assert torch.equal(again.method.sample(5), expected)


def test_bf16_agrees_with_float32_within_two_per_cent_of_the_loss(name: str) -> None:
    """Tolerance: 2 % of the loss of each of the first three rounds, plus 0.05 nats."""
    losses: list[list[float]] = []
    for precision in ("32", "bf16"):
        of, found = stage(name), []
        training = Training(of.method, of.engine, seed=0, precision=precision)
        for step in range(3):
            training.run_round(of.batches(step, 0, 1, "cpu"))
            found.append(
                sum(v for n, v in training.meter.compute_means().items() if n.startswith("loss/"))
            )
            training.meter.reset()
        losses.append(found)
    torch.testing.assert_close(
        torch.tensor(losses[1]), torch.tensor(losses[0]), rtol=0.02, atol=0.05
    )
