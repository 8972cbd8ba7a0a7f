"""Which single row of a batch makes a round fail: half of the rows is left out, and half again."""

import copy
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..data.batches import (
    SemiSupervisedBatch,
    SemiSupervisedBatches,
    ViewedBatch,
    find_batch_rows,
    rebuild_batch,
)
from ..engine.loop import Training
from ..stage import Stage
from .remedies import are_ordinary

CHECKED_ROUNDS = 10
"""Rounds that must be ordinary without a row, for it to be to blame."""


class NumberedBatch(NamedTuple):
    """A batch, and which rows its tensors have.

    Attributes:
        batch: A tensor, or several.
        groups: Places in the batch of tensors that have the same rows.
        rows: The number of each row of a group (b,): equal numbers are the same row.
    """

    batch: Any
    groups: Sequence[Sequence[int]]
    rows: Sequence[Tensor]

    def list_numbers(self) -> Tensor:
        """The numbers of all rows, each once."""
        return torch.cat(list(self.rows)).unique()

    def leave_out(self, numbers: Tensor) -> Any:
        """The batch with copies of its other rows in place of some; the same where it has none."""
        is_one = isinstance(self.batch, Tensor)
        parts = [self.batch] if is_one else list(self.batch)
        for group, rows in zip(self.groups, self.rows, strict=True):
            out = torch.isin(rows, numbers)
            others = (~out).nonzero().flatten()
            if not len(others):
                continue
            index = torch.arange(len(rows))
            index[out] = others[torch.arange(int(out.sum())) % len(others)]
            for place in group:
                parts[place] = parts[place][index.to(parts[place].device)]
        return parts[0] if is_one else rebuild_batch(self.batch, parts)


class BatchReader:
    """The batches of a stage with the numbers of their rows, and these rows by name."""

    def __init__(self, stage: Stage, get_batch: Callable[[int], Any]) -> None:
        """`get_batch` is the batch of a step, of one rank."""
        self.stage, self.get_batch = stage, get_batch
        data = stage.data.get("train")
        batches = stage.batches
        everything = getattr(batches, "x_unlabelled", getattr(batches, "x", ()))
        same = data is not None and len(data) == len(everything)
        self.source = data.source if data is not None and same else None

    def read(self, step: int) -> NumberedBatch | None:
        """The batch of a step; None where its rows cannot be distinguished."""
        batch = self.get_batch(step)
        parts = [batch] if isinstance(batch, Tensor) else batch
        if not isinstance(parts, tuple | list) or not all(isinstance(p, Tensor) for p in parts):
            return None
        if not parts or not all(part.ndim for part in parts):
            return None
        match batch:
            case SemiSupervisedBatch():
                groups = [[0, 1], [2]]
            case ViewedBatch():
                groups = [[0, 1, 3], [2, 4]]
            case _:
                groups = [[*range(len(parts))]]
        sizes = [{len(parts[place]) for place in group} for group in groups]
        if any(len(each) != 1 for each in sizes):
            return None
        return NumberedBatch(batch, groups, self._number_rows(step, [max(s) for s in sizes]))

    def _number_rows(self, step: int, sizes: Sequence[int]) -> list[Tensor]:
        """The numbers of rows in the training data where they are known, else by place."""
        known = find_batch_rows(self.stage.batches, step)
        if known is None or [len(rows) for rows in known] != sizes:
            return [n + sum(sizes[:i]) for i, n in enumerate(map(torch.arange, sizes))]
        labelled = self.stage.facts.get("labelled_rows")
        if isinstance(self.stage.batches, SemiSupervisedBatches):
            if labelled is None or len(labelled) != len(self.stage.batches.x):
                return [known[0] + len(self.stage.batches.x_unlabelled), known[1]]
            known[0] = torch.tensor(labelled)[known[0]]
        return known

    def name_row(self, number: int) -> str:
        """A row as a person knows it, or by its number from 1."""
        if self.source is not None and number < len(self.source.numbers):
            return self.source.name_row(number)
        known = find_batch_rows(self.stage.batches, 0) is not None
        return f"row {number + 1} of the {'training rows' if known else 'batch'}"


def find_bad_row(found: Training, reader: BatchReader) -> int | None:
    """The number of the one row without which a round does not fail; None where there is none.

    About twenty rounds are played: half of the rows in turn gives way to copies of the others,
    then half of what is left; a row is to blame if without it the next rounds are ordinary too.

    Args:
        found: A training before its first round that is not finite, which stays as it is.
        reader: The batches.
    """
    batch = reader.read(found.step)
    if batch is None or len(batch.list_numbers()) < 2:
        return None

    def fails_without(numbers: Tensor) -> bool:
        return not all(map(isfinite, _play(found, batch.leave_out(numbers)).values()))

    numbers = batch.list_numbers()
    # mixed, so that labelled rows are in both halves and each has others to give way to
    mixed = numbers[torch.randperm(len(numbers), generator=torch.Generator().manual_seed(0))]
    first, second = mixed[::2], mixed[1::2]
    if fails_without(first) == fails_without(second):
        return None
    left = second if fails_without(first) else first
    while len(left) > 1:
        half = left[: len(left) // 2]
        left = left[len(left) // 2 :] if fails_without(half) else half
    return int(left) if _is_ordinary_without(left, found, reader) else None


def _play(found: Training, batch: Any) -> dict[str, float]:
    """The terms of a round of a copy; one that is refused has a term that is not finite."""
    training = copy.deepcopy(found)
    training.meter.reset()
    try:
        training.run_round(batch)
    except (RuntimeError, ValueError):
        return {"": torch.nan}
    return training.meter.compute_means()


def _is_ordinary_without(number: Tensor, found: Training, reader: BatchReader) -> bool:
    training, space = copy.deepcopy(found), reader.stage.space
    entries = 1 if space is None else torch.Size(space.shape).numel()
    for _ in range(CHECKED_ROUNDS):
        batch = reader.read(training.step)
        if batch is None:
            return False
        training.meter.reset()
        try:
            training.run_round(batch.leave_out(number))
        except (RuntimeError, ValueError):
            return False
        if not are_ordinary(training.meter.compute_means(), entries):
            return False
    return True
