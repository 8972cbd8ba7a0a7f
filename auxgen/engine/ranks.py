"""Several processes that train one model: the same result on every rank, buffers included."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class Ranks:
    """Which process this is, of how many."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    @torch.no_grad()
    def average(self, tensors: Sequence[Tensor]) -> None:
        """Each tensor becomes its mean over ranks, in one message. Unlike DDP this asks for no one
        forward per backward."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([t.flatten() for t in tensors])
        dist.all_reduce(flat)
        flat /= self.size
        for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    @torch.no_grad()
    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        """Each tensor becomes the first rank's."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, 0)

    def reduce_any(self, flag: bool) -> bool:
        """Whether the flag is up on any rank."""
        if self.size == 1:
            return flag
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        up = torch.tensor(int(flag), device=device)
        dist.all_reduce(up, dist.ReduceOp.MAX)
        return bool(up.item())

    def wait(self) -> None:
        """Until every rank is here."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def init_ranks(device: str) -> Iterator[Ranks]:
    """The ranks that torchrun started, or the only one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield Ranks(dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else Ranks()
        return
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    yield Ranks(dist.get_rank(), dist.get_world_size())
    dist.barrier()


@contextmanager
def exit_cleanly() -> Iterator[None]:
    """Around all that a process of torchrun does: it ends the process, and never returns.

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
