"""Memory that is full: rounds of smaller batches are tried, and nothing of the training changes."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
import torch
from laws import METHODS, stage
from torch import Tensor

from auxgen.data.batches import get_batch_size, resize_batches
from auxgen.engine.device import Ranks
from auxgen.engine.good_state import GoodState
from auxgen.engine.loop import Training
from auxgen.engine.memory import attempt, count_rows, cut_rows, find_fitting_rows
from auxgen.errors import find_full_memory

REFUSALS = {
    "cpu": RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    "windows": RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8"),
    "python": MemoryError(),
    "numpy": np._core._exceptions._ArrayMemoryError((2**50,), np.dtype(float)),  # pyright: ignore
    "cuda": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "cublas": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusals_of_allocators_are_told_from_bugs(kind: str) -> None:
    device = "the device" if kind.startswith("cu") else "this machine"
    assert find_full_memory(REFUSALS[kind]) == device
    assert find_full_memory(RuntimeError("shapes do not match")) == ""
    assert find_full_memory(ValueError("out of memory")) == ""


@pytest.mark.parametrize("has_gpu", [False, True])
def test_what_a_failed_round_had_reserved_is_free_afterwards(
    has_gpu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[weakref.ref[Tensor]] = []

    def fill() -> None:
        large, around = torch.zeros(100), list[object]()
        around.extend((large, around))  # as objects of a round may hold each other
        kept.append(weakref.ref(large))
        raise MemoryError

    emptied: list[bool] = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: has_gpu)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(kept[0]() is None))
    assert attempt(fill).full == "this machine"
    assert kept[0]() is None
    assert emptied == [True] * has_gpu
    with pytest.raises(RuntimeError, match="shapes"):
        attempt(lambda: (_ for _ in ()).throw(RuntimeError("shapes do not match")))


def refuse_above(training: Training, limit: int, seen: list[int]) -> None:
    """Make a training's rounds fail as an allocator does, where a batch has more rows."""
    play = training.run_round

    def run_round(batch: object) -> None:
        seen.append(count_rows(batch))
        play(batch)
        if count_rows(batch) > limit:
            raise REFUSALS["cpu"]

    training.run_round = run_round  # pyright: ignore[reportAttributeAccessIssue]


def list_state(training: Training) -> list[Tensor]:
    states = [o.state_dict()["state"] for o in training.optimizers.values()]
    moments = [v for s in states for each in s.values() for v in each.values()]
    found = [*training.method.state_dict().values(), *training.average.means.values(), *moments]
    return copy.deepcopy(found)


@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize(("limit", "fits"), [(15, 8), (9, 4), (5, 4), (4, 2), (3, 2), (0, None)])
@pytest.mark.parametrize("name", ["sdgm", "introvac", "gan"])
def test_half_a_batch_and_half_again_are_tried(
    name: str, limit: int, fits: int | None, before: int
) -> None:
    made = stage(name)
    training = Training(made.method, made.engine, seed=0)
    for step in range(before):
        training.run_round(made.batches(step, 0, 1, "cpu"))
    known, seen = list_state(training), []
    refuse_above(training, limit, seen)
    get_batch = partial(cut_rows, made.batches(before, 0, 1, "cpu"))
    assert find_fitting_rows(training, get_batch, 16) == fits
    tried = [rows for rows in (10, 5, 2, 1) if rows >= (fits or 1)]
    assert seen == [*tried, *tried[-1:] * bool(fits)]  # the one that fits is played twice
    after = list_state(training)
    assert len(after) == len(known)
    assert all(map(torch.equal, after, known))
    assert training.step == before
    assert not training.meter.sums
    assert all(p.grad is None for p in training.method.parameters())


def test_a_state_is_put_aside_on_the_processor_without_gradients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The device has no room for a copy beside the gradients of the round that failed."""
    seen: list[object] = []

    def keep(self: GoodState, training: Training) -> None:
        has_gradients = any(p.grad is not None for p in training.method.parameters())
        seen.append((self.device, self.max_bytes, has_gradients))
        raise MemoryError

    monkeypatch.setattr(GoodState, "keep", keep)
    made = stage("sdgm")
    training = Training(made.method, made.engine, seed=0)
    for p in training.method.parameters():
        p.grad = torch.ones_like(p)
    assert find_fitting_rows(training, lambda rows: pytest.fail("played"), 16) is None
    assert seen == [("cpu", float("inf"), False)]


class LostRanks(Ranks):
    """Two ranks, of which the other one no longer answers."""

    def average(self, tensors: Sequence[Tensor]) -> None:
        assert not tensors, "waits for a rank that does not play"

    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        del tensors  # training begins, while the other rank is there


@pytest.mark.parametrize(("limit", "fits"), [(5, 4), (0, None)])
def test_no_other_rank_is_waited_for(limit: int, fits: int | None) -> None:
    made, ranks = stage("sdgm"), LostRanks(1, 2)
    training = Training(made.method, made.engine, seed=0, ranks=ranks)
    refuse_above(training, limit, [])
    get_batch = partial(cut_rows, made.batches(0, 1, 2, "cpu"))
    assert find_fitting_rows(training, get_batch, 16) == fits
    assert training.ranks is training.weights.ranks is ranks


def test_what_has_no_rows_along_an_axis_is_left_and_counts_none() -> None:
    number, rows = torch.tensor(3.0), torch.zeros(4)
    for axis, without in ((0, number), (1, number), (1, rows)):
        assert cut_rows(without, 2, axis) is without
        assert count_rows(without, axis) == 0
    assert count_rows(()) == count_rows("words") == count_rows(None) == 0
    assert count_rows((number, rows, torch.zeros(6, 1))) == 6


@pytest.mark.parametrize("name", METHODS)
def test_streams_are_made_anew_with_smaller_batches(name: str) -> None:
    batches = METHODS[name].batches()
    size = get_batch_size(batches)
    smaller = resize_batches(batches, 5)(0, 0, 1, "cpu")
    if size is None:
        smaller = cut_rows(smaller, 5)
    assert count_rows(batches(0, 0, 1, "cpu")) == 16
    assert count_rows(smaller) == 5


def test_members_of_an_ensemble_stay_where_rows_are_cut() -> None:
    batch = (torch.zeros(3, 8, 2), torch.zeros(3, 8), None)
    assert count_rows(batch, axis=1) == 8
    x, y, none = cut_rows(batch, 2, axis=1)
    assert (x.shape, y.shape, none) == ((3, 2, 2), (3, 2), None)
