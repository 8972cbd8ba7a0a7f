"""Where training runs: a device, and several processes that train one model together."""

import os
import platform
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from ..context import set_within
from ..errors import InputError, RankLost


def resolve_device(device: str) -> str:
    """The name of a device, where "auto" is the best there is.

    Raises:
        InputError: This machine has none of that name.
    """
    if device == "auto":
        local = os.environ.get("LOCAL_RANK", "0")
        return f"cuda:{local}" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
        kind, _, number = device.partition(":")
        usable = device == "cpu" or (kind == "cuda" and (number or "0").isdecimal())
    except (RuntimeError, AssertionError):
        usable = False
    if not usable:
        raise InputError(f"This machine has no device {device!r}; expected auto, cpu or cuda.")
    return device


def get_device_memory(device: str) -> float:
    """GiB of memory that a GPU has of its own; infinity for the CPU."""
    if not device.startswith("cuda"):
        return float("inf")
    return torch.cuda.get_device_properties(device).total_memory / 2**30


def describe_hardware(device: str) -> str:
    """The hardware in words: the processor's model and the threads in use."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    named = _read_cpu_facts().get("model name") or platform.processor() or platform.machine()
    return f"{named}, {threads} thread{'s' if threads > 1 else ''}"


def describe_instructions(device: str) -> str:
    """What the hardware can do: one name may stand for several kinds."""
    if device.startswith("cuda"):
        return "{}.{}".format(*torch.cuda.get_device_capability(device))
    facts = _read_cpu_facts()
    known = [facts.get(fact, "") for fact in ("cpu family", "model", "flags", "Features")]
    return " ".join([torch.backends.cpu.get_cpu_capability(), *known])


def _read_cpu_facts() -> dict[str, str]:
    """What Linux says of the first processor, by name; nothing elsewhere."""
    info = Path("/proc/cpuinfo")
    first = info.read_text().partition("\n\n")[0] if info.exists() else ""
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


@dataclass(frozen=True)
class Ranks:
    """Which process this is, of how many; results are the same on all, buffers included."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    @torch.no_grad()
    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over ranks, in one message.

        Unlike DistributedDataParallel this allows several forward passes for one backward.
        """
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([t.flatten() for t in tensors])
        with notice_lost_rank():
            dist.all_reduce(flat)
        flat /= self.size
        for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    @torch.no_grad()
    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by the first rank's."""
        if self.size > 1:
            with notice_lost_rank():
                for tensor in tensors:
                    dist.broadcast(tensor, 0)

    @torch.no_grad()
    def gather(self, tensor: Tensor) -> list[Tensor]:
        """Each rank's tensor, all of one shape, in the order of the ranks."""
        found = [torch.empty_like(tensor) for _ in range(self.size)]
        with notice_lost_rank():
            dist.all_gather(found, tensor.contiguous())
        return found

    def reduce_any(self, flag: bool) -> bool:
        """Whether the flag is up on any rank."""
        if self.size == 1:
            return flag
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        up = torch.tensor(int(flag), device=device)
        with notice_lost_rank():
            dist.all_reduce(up, dist.ReduceOp.MAX)
        return bool(up.item())

    def wait(self) -> None:
        """Wait until every rank is here."""
        if self.size > 1:
            with notice_lost_rank():
                dist.barrier()


@contextmanager
def notice_lost_rank() -> Iterator[None]:
    """Turn the failure of a message between ranks into the one thing that it means to a person.

    torchrun ends the other ranks a moment later by SIGTERM, which is ignored until the message is
    printed.
    """
    try:
        yield
    except RuntimeError as error:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise RankLost("Another rank has ended before its time.") from error


def is_first_process() -> bool:
    """Whether this process may speak and make folders, before it knows the other ranks."""
    return os.environ.get("RANK", "0") == "0"


def is_restarted() -> bool:
    """Whether torchrun started this process again, after a rank had ended before its time."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


_ALONE: ContextVar[bool] = ContextVar("alone", default=False)


def work_alone() -> AbstractContextManager[None]:
    """Inside, `init_ranks` gives the only rank: the others wait for what this one does."""
    return set_within(_ALONE, True)


@contextmanager
def init_ranks(device: str) -> Iterator[Ranks]:
    """The ranks that torchrun started, or the only one."""
    if _ALONE.get():
        yield Ranks()
        return
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield Ranks(dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else Ranks()
        return
    backend = "nccl" if device.startswith("cuda") else "gloo"
    if is_restarted():
        _join_restarted_group(backend)
    else:
        dist.init_process_group(backend)
    yield Ranks(dist.get_rank(), dist.get_world_size())
    dist.barrier()


def _join_restarted_group(backend: str) -> None:
    """Join the ranks that torchrun started again.

    Its store still has the addresses of the processes before, which a rank that is faster than the
    others would take for theirs; under the number of the restart there are none.
    """
    env = os.environ
    rank, size = int(env["RANK"]), int(env["WORLD_SIZE"])
    is_master = rank == 0 and env.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    place = env["MASTER_ADDR"], int(env["MASTER_PORT"])
    agent = dist.TCPStore(*place, size, is_master)  # pyright: ignore[reportPrivateImportUsage]
    restart = f"restart_{env['TORCHELASTIC_RESTART_COUNT']}"
    store = dist.PrefixStore(restart, agent)  # pyright: ignore[reportPrivateImportUsage]
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)


@contextmanager
def exit_cleanly() -> Iterator[None]:
    """Wraps all that a process of torchrun does; it ends the process and never returns.

    The threads of torch 2.13's gloo can abort a process in its last moments, when all work is done
    and saved, and torchrun then reports a failure. Nothing is left to do there, so it is skipped.
    """
    status = 1
    try:
        yield
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
