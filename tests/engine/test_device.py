"""What the hardware is called, what ranks tell each other, and how their processes end."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from auxgen.engine import device
from auxgen.engine.device import (
    Ranks,
    describe_hardware,
    describe_instructions,
    exit_cleanly,
    get_device_memory,
    init_ranks,
    is_first_process,
    is_restarted,
    resolve_device,
    work_alone,
)
from auxgen.engine.signals import catch_signals
from auxgen.errors import InputError, RankLost

CPUINFO = """processor\t: 0
cpu family\t: 25
model\t\t: 17
model name\t: EPYC: of tests
flags\t\t: fpu avx2

processor\t: 1
model name\t: the second one
"""


@pytest.fixture
def cpuinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which Linux tells of its processors."""
    file = tmp_path / "cpuinfo"
    file.write_text(CPUINFO)
    monkeypatch.setattr(device, "Path", lambda _: file)
    return file


@pytest.mark.parametrize(("threads", "told"), [(1, "1 thread"), (2, "2 threads")])
def test_a_processor_has_its_model_s_name_and_the_threads_in_use(
    threads: int, told: str, cpuinfo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert describe_hardware("cpu") == f"EPYC: of tests, {told}"


@pytest.mark.parametrize(("processor", "told"), [("i386", "i386"), ("", "arm64")])
def test_where_no_file_tells_the_name_it_is_python_s(
    processor: str, told: str, cpuinfo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpuinfo.unlink()
    monkeypatch.setattr(device.platform, "processor", lambda: processor)
    monkeypatch.setattr(device.platform, "machine", lambda: "arm64")
    assert describe_hardware("cpu").partition(",")[0] == told


def test_instructions_are_those_of_the_first_processor_and_of_torch(cpuinfo: Path) -> None:
    found = describe_instructions("cpu")
    assert found.split() == [torch.backends.cpu.get_cpu_capability(), "25", "17", "fpu", "avx2"]


def test_a_gpu_has_its_own_name_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda name: f"GPU of {name}")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    assert describe_hardware("cuda:1") == "GPU of cuda:1"
    assert describe_instructions("cuda:1") == "9.0"


def test_a_gpu_has_the_memory_that_it_says_and_a_processor_no_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = {"cuda:1": SimpleNamespace(total_memory=5 * 1024**3 // 2)}
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda name: sizes[name])
    assert get_device_memory("cuda:1") == 2.5
    assert get_device_memory("cpu") == float("inf")


@pytest.mark.parametrize(
    ("has_gpu", "rank", "expected"),
    [(False, "3", "cpu"), (True, "3", "cuda:3"), (True, None, "cuda:0")],
)
def test_the_best_device_is_the_gpu_of_the_rank_on_its_machine(
    has_gpu: bool, rank: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("LOCAL_RANK", rank)
    assert resolve_device("auto") == expected


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:1"])
def test_a_device_that_is_there_keeps_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "empty", lambda *_, **__: None)
    assert resolve_device(name) == name


@pytest.mark.parametrize("name", ["meta", "cuda:x", "cuda:-1", "gpu", "cpu:1", ""])
def test_other_devices_are_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(InputError, match=f"no device '{name}'; expected auto, cpu or cuda"):
        resolve_device(name)


class TwoRanks:
    """Messages as between two ranks, of which the other one has 10 and more than this one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        monkeypatch.setattr(device.dist, "all_reduce", self.all_reduce)
        monkeypatch.setattr(device.dist, "broadcast", self.broadcast)
        monkeypatch.setattr(device.dist, "all_gather", self.all_gather)
        monkeypatch.setattr(device.dist, "barrier", lambda: self.sent.append("wait"))
        monkeypatch.setattr(device.dist, "get_backend", lambda: "gloo")

    def all_reduce(self, tensor: Tensor, operation: object = None) -> None:
        self.sent.append("any" if operation else "sum")
        tensor.copy_(torch.ones_like(tensor) if operation else 2 * tensor + 10)

    def all_gather(self, found: list[Tensor], tensor: Tensor) -> None:
        assert tensor.is_contiguous()
        found[0].copy_(tensor + 10)
        found[1].copy_(tensor)

    def broadcast(self, tensor: Tensor, source: int) -> None:
        self.sent.append(f"from {source}")
        tensor.fill_(7)


def test_ranks_take_their_mean_in_one_message_and_the_first_ones_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two, ranks = TwoRanks(monkeypatch), Ranks(1, 2)
    tensors = [torch.arange(6.0).view(2, 3), torch.tensor(4.0), torch.zeros(0)]
    expected = [t + 5 for t in tensors]
    ranks.average(tensors)
    assert all(torch.equal(a, b) for a, b in zip(tensors, expected, strict=True))
    ranks.average([])
    ranks.broadcast(tensors[:2])
    assert tensors[0].eq(7).all()
    assert ranks.reduce_any(False) is True
    ranks.wait()
    assert two.sent == ["sum", "from 0", "from 0", "any", "wait"]
    assert (ranks.is_first, Ranks(0, 2).is_first) == (False, True)


def test_ranks_know_the_tensors_of_all_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    TwoRanks(monkeypatch)
    own = torch.arange(6.0).view(2, 3).T
    first, second = Ranks(1, 2).gather(own)
    assert torch.equal(first, own + 10)
    assert torch.equal(second, own)


@pytest.mark.parametrize(("backend", "where"), [("nccl", "cuda"), ("gloo", "cpu")])
def test_a_flag_is_sent_from_where_the_messages_start(
    backend: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    TwoRanks(monkeypatch)
    made, places = torch.tensor, list[object]()

    def make(value: Any, device: object = None) -> Tensor:
        places.append(device)
        return made(value)

    monkeypatch.setattr(device.dist, "get_backend", lambda: backend)
    monkeypatch.setattr(torch, "tensor", make)
    Ranks(0, 2).reduce_any(True)
    assert places == [where]


def test_a_lone_rank_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    two, ranks, one = TwoRanks(monkeypatch), Ranks(), torch.tensor(3.0)
    ranks.average([one])
    ranks.broadcast([one])
    ranks.wait()
    assert [ranks.reduce_any(flag) for flag in (False, True)] == [False, True]
    assert (one.item(), two.sent) == (3.0, [])
    with pytest.raises(FrozenInstanceError):
        ranks.rank = 1  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "ask",
    [
        lambda ranks: ranks.average([torch.zeros(2)]),
        lambda ranks: ranks.broadcast([torch.zeros(2)]),
        lambda ranks: ranks.gather(torch.zeros(2)),
        lambda ranks: ranks.reduce_any(False),
        lambda ranks: ranks.wait(),
    ],
)
def test_a_message_that_fails_means_that_a_rank_is_lost(
    ask: Callable[[Ranks], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Connection closed by peer")

    TwoRanks(monkeypatch)
    for name in ("all_reduce", "broadcast", "all_gather", "barrier"):
        monkeypatch.setattr(device.dist, name, fail)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(RankLost, match="Another rank has ended"), catch_signals():
            ask(Ranks(0, 2))
        os.kill(os.getpid(), signal.SIGTERM)  # torchrun's, before the sentence is told
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(("rank", "first"), [(None, True), ("0", True), ("1", False)])
def test_the_first_process_is_that_of_rank_0_or_of_none(
    rank: str | None, first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    assert is_first_process() is first


def test_a_process_alone_joins_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr(device.dist, "init_process_group", lambda *_, **__: pytest.fail("joined"))
    with init_ranks("cpu") as ranks:
        assert ranks == Ranks(0, 1)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with work_alone(), init_ranks("cpu") as ranks:  # while the other ones wait
        assert ranks == Ranks(0, 1)


@pytest.mark.parametrize(("name", "backend"), [("cpu", "gloo"), ("cuda:0", "nccl")])
def test_ranks_join_the_backend_of_their_device_and_wait_at_the_end(
    name: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("TORCHELASTIC_RESTART_COUNT", raising=False)
    monkeypatch.setattr(device.dist, "init_process_group", asked.append)
    monkeypatch.setattr(device.dist, "get_rank", lambda: 1)
    monkeypatch.setattr(device.dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(device.dist, "barrier", lambda: asked.append("wait"))
    with init_ranks(name) as ranks:
        assert (ranks, asked) == (Ranks(1, 2), [backend])
    assert asked == [backend, "wait"]
    monkeypatch.setattr(device.dist, "is_initialized", lambda: True)
    with init_ranks(name) as ranks:  # the group of whoever calls is his to leave
        assert ranks == Ranks(1, 2)
    assert asked == [backend, "wait"]


@pytest.mark.parametrize(
    ("rank", "agent_s", "serves"),
    [("0", None, True), ("0", "False", True), ("0", "True", False), ("1", None, False)],
)
def test_a_group_that_starts_again_meets_under_the_number_of_the_restart(
    rank: str, agent_s: str | None, serves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first rank serves the addresses, unless torchrun's agent does."""
    asked: list[tuple[object, ...]] = []
    place = {"MASTER_ADDR": "here", "MASTER_PORT": "123", "WORLD_SIZE": "2", "RANK": rank}
    for name, value in {**place, "TORCHELASTIC_RESTART_COUNT": "4"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TORCHELASTIC_USE_AGENT_STORE", raising=False)
    if agent_s is not None:
        monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", agent_s)

    def join(backend: str, *, store: object, rank: int, world_size: int) -> None:
        asked.append((backend, store, rank, world_size))

    monkeypatch.setattr(device.dist, "TCPStore", lambda *given: given)
    monkeypatch.setattr(device.dist, "PrefixStore", lambda *given: given)
    monkeypatch.setattr(device.dist, "init_process_group", join)
    monkeypatch.setattr(device.dist, "get_rank", lambda: int(rank))
    monkeypatch.setattr(device.dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(device.dist, "barrier", lambda: None)
    with init_ranks("cpu") as ranks:
        assert ranks == Ranks(int(rank), 2)
    store = ("restart_4", ("here", 123, 2, serves))
    assert asked == [("gloo", store, int(rank), 2)]


@pytest.mark.parametrize(("count", "again"), [(None, False), ("0", False), ("1", True)])
def test_a_process_is_restarted_where_torchrun_counts_one(
    count: str | None, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TORCHELASTIC_RESTART_COUNT", raising=False)
    if count is not None:
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", count)
    assert is_restarted() is again


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (None, 0),
        (SystemExit(), 0),
        (SystemExit(0), 0),
        (SystemExit(130), 130),
        (SystemExit("a sentence"), 1),
        (RuntimeError("of rank 1"), 1),
        (KeyboardInterrupt(), 1),
    ],
)
def test_a_rank_ends_with_its_status_and_loses_no_line(
    raised: BaseException | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`os._exit` skips what Python does at the end: lines that wait in a buffer would be lost."""
    ended: list[tuple[int, bytes, bytes]] = []
    out, err = io.BytesIO(), io.BytesIO()

    def end(found: int) -> None:
        ended.append((found, out.getvalue(), err.getvalue()))

    with monkeypatch.context() as patch:
        patch.setattr(os, "_exit", end)
        patch.setattr(sys, "stdout", io.TextIOWrapper(out, write_through=False))
        patch.setattr(sys, "stderr", io.TextIOWrapper(err, write_through=False))
        with exit_cleanly():
            print("last line")
            print("last error", file=sys.stderr)
            if raised is not None:
                raise raised
    ((found, told, wrong),) = ended
    assert (found, told) == (status, b"last line\n")
    assert wrong.startswith(b"last error\n")
    assert (b"Traceback" in wrong) is isinstance(raised, RuntimeError | KeyboardInterrupt)
