"""Batches that are shared: their draws, and what ranks say to each other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor, nn

from auxgen.data.dataset import Preprocessor
from auxgen.engine import shared_rows
from auxgen.engine.device import Ranks, init_ranks
from auxgen.engine.shared_rows import Exchange, get_exchange, map_parts, share_rows
from auxgen.engine.signals import StopSignal
from auxgen.errors import InputError, Interrupted, NotSaved, RankLost, UserError
from auxgen.inference.batched import map_raw_rows

CPU = torch.device("cpu")


class Messages:
    """Two or more ranks, of which this is one; the others say what they are told to."""

    def __init__(self, patch: pytest.MonkeyPatch, *others: Any) -> None:
        self.groups: list[object] = []
        patch.setattr(shared_rows.dist, "new_group", self.make_group)
        patch.setattr(shared_rows.dist, "destroy_process_group", self.groups.remove)
        patch.setattr(shared_rows.dist, "all_gather_object", self.gather)
        self.others, self.said = list(others), []

    def make_group(self, *, timeout: timedelta, backend: str) -> str:
        assert timeout > timedelta(days=1), "another rank may train an extractor"
        self.groups.append(f"of {backend}")
        return f"of {backend}"

    def gather(self, found: list[Any], own: Any, group: object) -> None:
        self.said.append(own)
        found[:] = [*self.others, own]


Draw = Callable[[int], Tensor]
Output = TypeVar("Output")
DRAWS: dict[str, Draw] = {
    "nothing": lambda part: torch.arange(float(part)),
    "uniform": torch.rand,
    "normal": lambda part: torch.randn(part, 30),
    "twice": lambda part: torch.rand(part, dtype=torch.float64) + torch.bernoulli(torch.rand(part)),
    "classes": lambda part: torch.rand(part, 6).multinomial(1),
    "kept": lambda part: torch.randn(part),
    "rejection": lambda part: torch.distributions.Gamma(torch.tensor(0.3), 1.0).sample((part,)),
}
SIZES = [[5, 5], [5, 2], [5] * 7, [5] * 6 + [3], [5] * 3 + [9, 5]]


def play_ranks(
    draw: Draw, parts: list[int], ranks: int, patch: pytest.MonkeyPatch
) -> list[tuple[list[Tensor], Tensor]]:
    """The outputs of each rank and what it draws next, once it knows what the others say."""
    return run_ranks(lambda: map_parts(draw, parts, CPU), ranks, patch)


def run_ranks(
    work: Callable[[], Output], ranks: int, patch: pytest.MonkeyPatch
) -> list[tuple[Output, Tensor]]:
    """What the work of each rank returns, and what it draws next."""
    said: list[Any] = []

    def play(rank: int) -> tuple[Output, Tensor]:
        torch.manual_seed(0)
        torch.rand(3)
        with share_rows(Ranks(rank, ranks)):
            return work(), torch.rand(4)

    Messages(patch)
    patch.setattr(shared_rows.dist, "all_gather_object", lambda _, own, **__: note(said, own))
    for rank in range(ranks):
        with suppress(NotHeardYet):
            play(rank)
    assert len(said) == ranks
    patch.setattr(shared_rows.dist, "all_gather_object", lambda found, *_, **__: fill(found, said))
    return [play(rank) for rank in range(ranks)]


class NotHeardYet(Exception):
    """What the other ranks say is not known."""


def note(said: list[Any], own: Any) -> None:
    said.append(own)
    raise NotHeardYet


def fill(found: list[Any], values: list[Any]) -> None:
    found[:] = values


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("parts", SIZES)
@pytest.mark.parametrize("name", DRAWS)
def test_ranks_draw_what_a_single_process_draws(
    name: str, parts: list[int], ranks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    torch.rand(3)
    expected, after = [DRAWS[name](part) for part in parts], torch.rand(4)
    found = play_ranks(DRAWS[name], parts, ranks, monkeypatch)
    assert len(found) == ranks
    for outputs, then in found:
        assert all(map(torch.equal, outputs, expected))
        assert torch.equal(then, after)


def test_a_rank_plays_its_share_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[int] = []

    def draw(part: int) -> Tensor:
        played.append(part)
        return torch.rand(5 if part < 9 else 2)

    play_ranks(draw, list(range(10)), 2, monkeypatch)
    once = [0, 2, 4, 6, 8, 1, 1, 3, 5, 7, 9]  # 1 tells how much a part draws
    assert played == once * 2


def test_a_last_part_alone_is_played_again_and_no_other_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    played: list[int] = []

    def draw(part: int) -> Tensor:
        played.append(part)
        return torch.rand(part)

    play_ranks(draw, [5, 2], 2, monkeypatch)
    assert played == [5, 2, 5, 2] * 2  # 5 tells where 2 begins


def test_messages_have_a_group_of_the_processor_and_leave_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages = Messages(monkeypatch)
    with share_rows(Ranks(0, 2)):
        assert messages.groups == ["of gloo"]
    assert messages.groups == []
    with share_rows(Ranks()):
        assert messages.groups == []


def test_rows_that_all_have_the_same_draws_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by `embed_rows` and `predict_rows` of a model with an auxiliary variable."""
    space, passed = Preprocessor(kind="points", shape=(2,)), []

    def function(x: Tensor) -> Tensor:
        passed.append(x)
        return x + torch.rand(len(x), 2)

    method, raw = nn.Linear(2, 2), torch.rand(5 * 256, 2)

    def embed() -> Tensor:
        return map_raw_rows(function, method, space, raw)

    torch.manual_seed(0)
    torch.rand(3)
    expected, after = embed(), torch.rand(4)
    alone = len(passed)
    for output, then in run_ranks(embed, 2, monkeypatch):
        assert torch.equal(output, expected)
        assert torch.equal(then, after)
    # twice, as ranks begin again when they know what the others say; each looks at one row more
    assert len(passed) - alone == 2 * (alone + 1)


def test_what_a_part_needs_is_not_shared_again() -> None:
    seen: list[object] = []
    with share_rows(Ranks()) as exchange:
        map_parts(lambda _: seen.append(get_exchange()), [1, 2], CPU)
        assert get_exchange() is exchange
    assert seen == [None, None]
    assert get_exchange() is None


def test_the_error_of_the_first_rank_ends_the_others_with_its_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Messages(monkeypatch, ("", ("there is no such file", 2)))
    with pytest.raises(UserError, match="there is no such file") as caught:
        Exchange(Ranks(1, 2)).run_on_first(lambda: pytest.fail("worked"))
    assert (caught.value.status, UserError.status) == (2, 1)


@pytest.mark.parametrize("error", [InputError("bad"), NotSaved("full")])
def test_the_first_rank_works_as_if_alone_and_raises_its_own_error(
    error: UserError, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    Messages(monkeypatch)

    def work() -> None:
        with init_ranks("cpu") as here:
            done.extend((here, get_exchange()))
        raise error

    with pytest.raises(type(error)), share_rows(Ranks(0, 2)) as exchange:
        exchange.run_on_first(work)
    assert done == [Ranks(), None]


def test_a_signal_that_one_rank_caught_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    Messages(monkeypatch, ("SIGTERM", None))
    with pytest.raises(Interrupted, match="Stopped by another rank"):
        Exchange(Ranks(1, 2)).gather(1)
    Messages(monkeypatch, ("", None))
    with pytest.raises(Interrupted, match="Stopped by SIGINT"):
        Exchange(Ranks(1, 2), StopSignal("SIGINT")).gather(1)


@pytest.mark.parametrize("name", ["new_group", "all_gather_object"])
def test_a_message_that_fails_means_that_a_rank_is_lost(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Connection closed by peer")

    Messages(monkeypatch, None)
    monkeypatch.setattr(shared_rows.dist, name, fail)
    monkeypatch.setattr("auxgen.engine.device.signal.signal", lambda *_: None)
    with pytest.raises(RankLost):
        Exchange(Ranks(0, 2)).gather(1)
