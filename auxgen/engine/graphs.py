"""Rounds as one CUDA graph: recorded once, then launched whole, without Python in between."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from .loop import Training
from .meter import Meter

WARM_UP = 3
"""Rounds before one is recorded: optimisers have their states then, libraries their workspaces."""

RecordGraph = Callable[[Callable[[], None]], Callable[[], object]]
"""Records what a function does on the device, without doing it -> what does it again."""


def record_cuda_graph(work: Callable[[], None]) -> Callable[[], object]:
    """A CUDA graph of what a function does; its tensors stay where they are."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


class TermRecord(Meter):
    """Terms of a round, in tensors that each replay fills."""

    def __init__(self) -> None:
        super().__init__()
        self.each: list[tuple[dict[str, Tensor], str]] = []

    def add(self, terms: Mapping[str, Tensor], step: int, players: str) -> None:
        """Note the terms."""
        self.each.append(({name: value.detach() for name, value in terms.items()}, players))


class CapturedTraining(Training):
    """A training on one GPU whose rounds are replayed, with the same interface and results.

    The moves of a round are recorded: forward and backward passes, clipping, steps of optimisers.
    Batch, step and learning rates are copied into tensors that stay; random numbers are those of
    the seed that is set before each replay, as without a graph. Rounds whose norms are logged are
    played as usual, as is the moving average. Everything in a round must have the same shapes in
    every round and not depend on numbers that Python reads.
    """

    def __init__(
        self, *settings: Any, record_graph: RecordGraph = record_cuda_graph, **named: Any
    ) -> None:
        """`record_graph` takes the place of CUDA where there is none; the rest is `Training`'s."""
        super().__init__(*settings, **named)
        self.record_graph, self.played = record_graph, 0
        self.static_batch: Any = None
        self.static_step = super().make_step_tensor()
        self.replay: Callable[[], object] | None = None
        self.record = TermRecord()
        if self.device.startswith("cuda"):
            self.make_rates_tensors()

    def make_rates_tensors(self) -> None:
        """Learning rates on the device, which a recorded step of an optimiser reads."""
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["capturable"] = True
                group["lr"] = torch.tensor(float(group["lr"]), device=self.device)

    def set_learning_rates(self) -> None:
        """Fill the tensors of the rates, where there are any."""
        rates = [g["lr"] for o in self.optimizers.values() for g in o.param_groups]
        super().set_learning_rates()
        groups = [g for o in self.optimizers.values() for g in o.param_groups]
        for group, rate in zip(groups, rates, strict=True):
            if isinstance(rate, Tensor):
                group["lr"] = rate.fill_(float(group["lr"]))

    def make_step_tensor(self) -> Tensor:
        """The step, in the tensor that a graph reads, and that is filled before."""
        is_recording = self.meter is self.record
        return self.static_step if is_recording else self.static_step.fill_(self.step)

    def carry_out_moves(self, batch: object) -> None:
        """Replay the moves of a round; record them first where they were not."""
        self.played += 1
        if self.played <= WARM_UP or self.logs_norms() or not self._fits(batch):
            super().carry_out_moves(batch)
            return
        if self.replay is None:
            self.static_batch = copy.deepcopy(batch)
            self.replay = self.record_graph(self._play_into_record)
        for static, new in zip(_list_tensors(self.static_batch), _list_tensors(batch), strict=True):
            static.copy_(new)
        self.static_step.fill_(self.step)
        self.replay()
        for terms, players in self.record.each:
            copies = {name: value.clone() for name, value in terms.items()}
            self.meter.add(copies, self.step, players)

    def _play_into_record(self) -> None:
        """Play the moves of the batch that stays; terms go to the record, and not to the log."""
        meter, self.meter = self.meter, self.record
        self.record.each.clear()
        try:
            super().carry_out_moves(self.static_batch)
        finally:
            self.meter = meter

    def _fits(self, batch: object) -> bool:
        """Whether a batch has the shapes of the recorded one."""
        if self.replay is None:
            return True
        shapes = [[t.shape for t in _list_tensors(one)] for one in (self.static_batch, batch)]
        return shapes[0] == shapes[1]


def _list_tensors(batch: Any) -> list[Tensor]:
    """The tensors of a batch, in order."""
    if isinstance(batch, Tensor):
        return [batch]
    parts = batch if isinstance(batch, tuple | list) else ()
    return [tensor for part in parts for tensor in _list_tensors(part)]
