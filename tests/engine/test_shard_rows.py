"""Weights that ranks share, as far as one process can tell; two train in `test_shards.py`."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.nn.utils import parametrizations
from torch.testing._internal.distributed.fake_pg import FakeStore

from auxgen.engine import device
from auxgen.engine.checkpoint import load_checkpoint, save_checkpoint
from auxgen.engine.device import Ranks
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine
from auxgen.engine.shards import ShardedWeights
from auxgen.engine.weights import Weights
from auxgen.errors import InputError, RankLost
from auxgen.method import Gradient, Method, Moves, Step


class Many(Method):
    """Layers of all kinds: a convolution, linear ones, others, and some that no player owns."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 5, 3)
        self.conv.weight.data = self.conv.weight.data.to(memory_format=torch.channels_last)
        self.norm, self.wide = nn.BatchNorm1d(5), nn.Linear(5, 4)
        self.normed = parametrizations.weight_norm(nn.Linear(4, 4))
        self.judge, self.fitted = nn.Linear(4, 3), nn.Linear(4, 4)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"maker": (self.conv, self.norm, self.wide, self.normed), "judge": (self.judge,)}

    def make(self, batch: Tensor) -> Tensor:
        return self.fitted(self.normed(self.wide(self.norm(self.conv(batch).flatten(1)))))

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """Gradients are there at the same time, one of them in two parts."""
        judged = self.judge(self.make(batch)).square().mean()
        yield Gradient(3 * judged, ("maker",), {"judged": judged})
        yield Gradient(self.judge(self.make(batch).detach()).sin().mean(), ("judge",))
        yield Gradient(self.make(2 * batch).cos().mean(), ("maker",))
        yield Step(("maker", "judge"))


ROWS = {"conv": 5, "wide": 4, "judge": 3}
"""Layers that are shared: no player owns `fitted`, and the weight of `normed` is computed."""


@contextmanager
def join(kind: str, store: Any, size: int, rank: int) -> Iterator[Ranks]:
    dist.init_process_group(kind, store=store, rank=rank, world_size=size)
    try:
        yield Ranks(rank, size)
    finally:
        dist.destroy_process_group()


@pytest.fixture
def alone() -> Iterator[Ranks]:
    """A group of this process and no other."""
    store = dist.HashStore()  # pyright: ignore[reportPrivateImportUsage]
    with join("gloo", store, 1, 0) as ranks:
        yield ranks


@pytest.fixture(params=[0, 1])
def one_of_two(request: pytest.FixtureRequest) -> Iterator[Ranks]:
    """One of two ranks, whose messages go nowhere."""
    with join("fake", FakeStore(), 2, request.param) as ranks:
        yield ranks


class Told(Ranks):
    """One of two ranks, who knows what the other one says."""

    other: Tensor | None = None
    """None: the same as this one."""

    def gather(self, tensor: Tensor) -> list[Tensor]:
        other = tensor if self.other is None else self.other
        assert tensor.shape == other.shape
        return [tensor, other] if self.is_first else [other, tensor]

    def average(self, tensors: Sequence[Tensor]) -> None:
        for tensor in tensors:
            tensor.fill_(7)


def tell(ranks: Ranks, other: Tensor | None = None) -> Told:
    told = Told(ranks.rank, ranks.size)
    object.__setattr__(told, "other", other)
    return told


def make_method() -> Many:
    torch.manual_seed(0)
    return Many()


def find_parts(weights: ShardedWeights) -> dict[str, nn.Parameter]:
    return weights.name_parts(weights.parts.values())


BATCH = torch.randn(6, 2, 3, 3, generator=torch.Generator().manual_seed(1))


def begin(hold: Callable[[Method, Ranks], Weights], ranks: Ranks) -> Training:
    def sgd(player: str, own: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.SGD(own, 0.1, momentum=0.9)

    engine = Engine(9, sgd, average=0.6, max_grad_norm=0.5, recalibration=2)
    return Training(make_method(), engine, seed=0, ranks=ranks, hold_weights=hold)


def play(training: Training, rounds: int) -> None:
    training.play_rounds([BATCH, BATCH + 1], rounds)


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-5, atol=1e-6, msg=name)


def test_shared_weights_train_as_whole_ones_and_go_on_as_either(
    alone: Ranks, tmp_path: Path
) -> None:
    trainings = {hold: begin(hold, alone) for hold in (Weights, ShardedWeights)}
    saved = {}
    for hold, training in trainings.items():
        play(training, 3)
        saved[hold] = save_checkpoint(tmp_path / hold.__name__, "many", "run", training)
    whole, shared = trainings.values()
    terms = whole.meter.compute_means()
    assert shared.meter.compute_means() == pytest.approx(terms, rel=1e-5)
    for training in trainings.values():
        play(training, 2)
    expected = whole.weights.gather_state()
    assert_same(expected, shared.weights.gather_state())
    for hold, other in ((Weights, ShardedWeights), (ShardedWeights, Weights)):
        again = begin(hold, alone)
        play(again, 1)
        load_checkpoint(saved[other], "many", "run", again)
        play(again, 2)
        assert_same(expected, again.weights.gather_state())
    averaged = [each.build_averaged_method([BATCH, BATCH]) for each in trainings.values()]
    assert_same(*(method.state_dict() for method in averaged))


@pytest.fixture
def weights(one_of_two: Ranks) -> ShardedWeights:
    return ShardedWeights(make_method(), one_of_two)


def test_weights_of_owned_layers_are_shared_and_nothing_else(weights: ShardedWeights) -> None:
    assert weights.are_shared
    assert weights.rows == ROWS
    shared = {name for name, p in weights.method.named_parameters() if isinstance(p, DTensor)}
    assert shared == {f"{name}.weight" for name in ROWS}  # rows alone, and no borrowed ones
    parts = find_parts(weights)
    own = weights.list_parts([weights.method.get_submodule("wide"), weights.method])
    assert len(own) == len(parts) == len({id(part) for part in own})
    assert own[0] is parts["wide.weight"]


def test_layers_give_back_the_rows_that_they_borrowed_for_a_pass(weights: ShardedWeights) -> None:
    method = weights.method
    assert isinstance(method, Many)
    method.wide(torch.ones(2, 5))
    assert isinstance(method.wide.weight, DTensor)


def test_the_given_method_has_no_weights_until_it_is_restored(alone: Ranks) -> None:
    given = make_method()
    before = copy.deepcopy(given.state_dict())
    given.fitted.requires_grad_(False)
    weights = ShardedWeights(given, alone)
    on_meta = {name for name, p in given.named_parameters() if p.is_meta}
    assert on_meta == {f"{name}.weight" for name in ROWS}
    copied = weights.copy_method()
    assert isinstance(copied, Many)
    assert_same(before, copied.state_dict())
    assert copied.conv.weight.stride() == make_method().conv.weight.stride()
    with torch.no_grad():
        copied.conv.weight.zero_()
    assert_same(before, weights.gather_state())
    ended = {name: value + 1 for name, value in before.items()}
    weights.restore_method(ended)
    assert_same(ended, given.state_dict())
    assert not given.fitted.weight.requires_grad
    assert given.conv.weight.requires_grad


def test_a_rank_holds_its_rows_and_takes_them_from_what_is_whole(weights: ShardedWeights) -> None:
    """The first one has the larger half; what is no weight of a shared layer is whole."""
    method, parts = make_method(), find_parts(weights)
    for name, whole in method.named_parameters():
        layer = name.removesuffix(".weight")
        if layer in ROWS:
            most = (ROWS[layer] + 1) // 2
            own = whole[:most] if weights.ranks.is_first else whole[most:]
        else:
            own = whole
        assert torch.equal(parts[name], own), name
        assert torch.equal(weights.take_part(parts[name], whole), own), name
        assert torch.equal(weights.take_part(parts[name], whole[..., 0]), own[..., 0]), name
    step = torch.tensor(3.0)
    assert weights.take_part(parts["wide.weight"], step) is step


def test_rows_of_all_ranks_make_the_whole(weights: ShardedWeights) -> None:
    ranks, parts = weights.ranks, find_parts(weights)
    whole = torch.arange(10.0).view(5, 2)
    part = nn.Parameter(whole[:3] if ranks.is_first else whole[3:])
    weights.row_counts = {part: 5}
    padded = torch.cat([whole[3:], torch.zeros(1, 2)])
    weights.ranks = tell(ranks, padded if ranks.is_first else whole[:3])
    assert torch.equal(weights.gather(part, part.detach()), whole)
    for of, value in ((part, torch.tensor(3.0)), (parts["wide.bias"], torch.ones(4))):
        assert weights.gather(of, value) is value


def test_the_norm_is_of_all_rows_and_once_of_what_every_rank_holds(
    weights: ShardedWeights,
) -> None:
    weights.ranks, parts = tell(weights.ranks), find_parts(weights)
    parts["wide.weight"].grad = torch.full_like(parts["wide.weight"], 2.0)  # 2 of 4 rows of 5
    parts["wide.bias"].grad = torch.full((4,), 3.0)
    parts["conv.bias"].grad = torch.full((5,), 1.0)
    found = weights.measure_norm(parts.values())
    assert found.item() == pytest.approx((4 * 5 * 2**2 + 4 * 3**2 + 5) ** 0.5)
    weights.device = torch.device("meta")
    assert weights.measure_norm([]).is_meta


def test_means_over_ranks_are_of_what_is_not_shared(weights: ShardedWeights) -> None:
    """fully_shard has taken the others."""
    weights.ranks, parts = tell(weights.ranks), find_parts(weights)
    own = [parts[name] for name in ("wide.weight", "wide.bias", "conv.weight", "conv.bias")]
    shared = weights.shards[own[0]]
    shared.grad = shared.detach() * 0 + 5
    own[1].grad = torch.ones(4)
    found = weights.average_gradients(iter(own))
    assert [each.unique().tolist() for each in found] == [[5.0], [7.0]]
    assert [p.grad is not None for p in own] == [True, True, False, False]
    assert own[0].grad is not None
    assert own[0].grad.shape == own[0].shape
    assert not isinstance(own[0].grad, DTensor)
    assert shared.grad is None


def test_the_largest_of_each_name_is_found_over_ranks(weights: ShardedWeights) -> None:
    weights.ranks = tell(weights.ranks, torch.tensor([3.0, 4.0, -1.0]))
    found = weights.share_largest(dict(zip("abc", torch.tensor([1.0, 9.0, -2.0]), strict=True)))
    assert found == {"a": 3.0, "b": 9.0, "c": -1.0}
    assert weights.share_largest({}) == {}


def test_a_first_pass_may_come_while_layers_are_frozen(weights: ShardedWeights) -> None:
    method = weights.method
    assert isinstance(method, Many)
    method.requires_grad_(False)
    method.judge(method.make(BATCH))
    method.requires_grad_(True)
    method.judge(method.make(BATCH)).sum().backward()
    assert all(whole.grad is not None for whole in weights.shards.values())


def test_weights_of_another_method_are_refused(alone: Ranks) -> None:
    weights = ShardedWeights(make_method(), alone)
    state = {name: value + 1 for name, value in weights.gather_state().items()}
    weights.load_state(state)
    assert_same(state, weights.gather_state())
    del state["wide.bias"]
    with pytest.raises(RuntimeError, match="another method"):
        weights.load_state(state)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("got mixed torch.Tensor and DTensor", InputError),
        ("the size of the shard differs", InputError),
        ("[gloo/transport/tcp/pair.cc] closed", RankLost),
        ("NCCL error", RankLost),
        ("Connection reset by peer", RankLost),
        ("shapes do not match", RuntimeError),
    ],
)
def test_errors_of_a_round_are_told_by_what_they_come_from(
    words: str, kind: type[Exception], alone: Ranks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device.signal, "signal", lambda *_: None)
    weights = ShardedWeights(make_method(), alone)
    with pytest.raises(kind) as told, weights.explain_errors():
        raise RuntimeError(words)
    assert type(told.value) is kind
    assert kind is not InputError or "Many uses weights outside" in str(told.value)


def test_a_warning_of_views_is_not_shown_and_others_are(alone: Ranks) -> None:
    weights = ShardedWeights(make_method(), alone)
    views = "FSDP2-wrapped module 'a' returned a view of something."
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for wrap in (weights.explain_errors, nullcontext):
            with wrap():
                warnings.warn(views, stacklevel=1)
                warnings.warn("other", stacklevel=1)
    assert [str(each.message) for each in seen] == ["other", views, "other"]
