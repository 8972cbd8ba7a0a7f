"""Why a run diverged: which column of a table or which row is to blame, by playing the last rounds
without it, and what helps where none is."""

import copy
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..engine.device import Ranks
from ..engine.good_state import GoodState
from ..engine.loop import Training
from ..engine.memory import attempt
from ..engine.watch import BadTerm
from ..files import pack_tensors, write_file
from ..stage import Stage
from .bad_layer import describe_bad_layer
from .bad_row import BatchReader, find_bad_row
from .commands import TrainCommand
from .folder import Run
from .remedies import are_ordinary, describe_remedy

CHECKED_ROUNDS = 20
"""Rounds that must be ordinary without a column, for it to be to blame."""


NO_ROW = "; no single row of the batch is the cause"


class Column(NamedTuple):
    """A column of a table, and its places in the rows that a model sees."""

    name: str
    places: tuple[int, ...]


class Table(NamedTuple):
    """Training rows, and how the model sees them."""

    rows: Dataset
    space: Preprocessor

    def list_columns(self) -> list[Column]:
        """Numbers, each in a place, and then the texts of each category."""
        space = self.space
        kept = range(space.width) if space.kept is None else space.kept
        numbers = space.width - sum(space.categories)
        found = [Column(space.columns[kept[i]], (i,)) for i in range(numbers)]
        start = numbers
        for category in space.table.categories if space.table else ():
            end = start + len(category.texts)
            found.append(Column(category.name, tuple(range(start, end))))
            start = end
        return found

    def describe_extreme(self, column: Column) -> str:
        """The value of a number that is farthest from the median, in the person's units."""
        if len(column.places) != 1:
            return ""
        place = column.places[0]
        kept = self.space.kept
        values = self.rows.x[:, place if kept is None else kept[place]]
        known = values[~values.isnan()]
        far = known[(known - known.median()).abs().argmax()].item()
        return f" (its value farthest from the others is {far:g})"


def find_table(stage: Stage) -> Table | None:
    """The rows of a table that a stage learns from; None where these are no table."""
    rows, space = stage.data.get("train"), stage.space
    if rows is None or space is None or rows.kind != "table" or not space.columns:
        return None
    return Table(rows, space)


class Cause(NamedTuple):
    """What made training diverge, in words.

    Attributes:
        column: Name of a table's column; "" for none.
        extreme: Its value that is farthest from the others, in words.
        row: The row or picture; "" for none.
    """

    column: str
    extreme: str
    row: str

    def describe(self, run: Path, command: TrainCommand | None, details: str) -> str:
        """What is to blame and what to do, with the command to paste at the end."""
        changes: dict[str, Any] = {}
        if self.column:
            place = f", in {self.row}" if self.row else ""
            what = f"the column {self.column!r} is to blame{place}{self.extreme}"
            way = f"correct it, or leave it out with --drop {self.column!r} in a new run"
            if command and "drop" in command.options:
                changes = {"drop": (*command.options["drop"], self.column)}
        else:
            what, way = f"{self.row} is to blame", "correct it or take it out, and train anew"
        told = f"{what}: without it the same rounds are finite, so {way}{details}"
        if command is None or (self.column and not changes):
            return f"{told}."
        return f"{told}; train with: {command.format_anew(run, changes)}"


class CauseFinder:
    """Finds why a stage diverged, from a copy of its last finite state."""

    def __init__(
        self,
        run: Run,
        name: str,
        stage: Stage,
        ranks: Ranks,
        get_batch: Callable[[int], Any],
        command: TrainCommand | None,
    ) -> None:
        """`get_batch` is the batch of a step, `command` what a person types to train the stage."""
        self.run, self.name, self.stage, self.ranks = run, name, stage, ranks
        self.get_batch, self.command = get_batch, command
        self.table, self.good_state = find_table(stage), GoodState()

    def keep_state(self, training: Training) -> None:
        """Keep a copy of a finite state of a small model, from which a cause can be looked for."""
        if self.ranks.size == 1:
            self.good_state.keep(training)

    def describe_cause(self, bad: BadTerm, training: Training) -> str:
        """What made training diverge, as far as it can be known, its batch, and what to do.

        The training is put back to the state that was kept.
        """
        details, until = "", training.step
        if self.ranks.is_first:
            batch = self.get_batch(bad.step)
            details = keep_batch(self.run.path, self.name, bad.step, batch)
        if self.ranks.size == 1 and self.good_state.restore(training):
            # what cannot be copied beside the training, for want of memory, is not looked for
            found = attempt(lambda: find_first_bad_round(training, self.get_batch, until)).result
            if found is not None:
                layer = attempt(lambda: describe_bad_layer(found, self.get_batch)).result or ""
                details = layer + details
                reader = BatchReader(self.stage, self.get_batch)
                cause = attempt(lambda: self.find_cause(found, reader)).result
                if cause is not None:
                    return cause.describe(self.run.path, self.command, details)
                if reader.read(found.step) is not None:
                    details = f"{NO_ROW}{details}"
        own = (self.run, self.name, self.stage, training, self.get_batch, self.command)
        return describe_remedy(*own, details)

    def find_cause(self, found: Training, reader: BatchReader) -> Cause | None:
        """The one column or row without which training would have gone on; None without either."""
        column = find_bad_column(found, self.get_batch, self.table)
        extreme = self.table.describe_extreme(column) if self.table and column else ""
        row = find_bad_row(found, reader)
        if row is None and column is None:
            return None
        word = "" if row is None else reader.name_row(row)
        return Cause(column.name if column else "", extreme, word)


def find_bad_column(
    found: Training, get_batch: Callable[[int], Any], table: Table | None
) -> Column | None:
    """The one column without which training would have gone on; None where there is none.

    The first round that is not finite is played again without each column in turn, as if its cells
    were blank; a column is to blame if without it, and only without it, this round and the next
    ones are finite and ordinary.

    Args:
        found: The training before that round, which stays as it is.
        get_batch: The batch of a step.
        table: The rows that are learned from; None if they are no table.
    """
    columns = [] if table is None else table.list_columns()
    if table is None or len(columns) < 2:
        return None
    width = table.space.width
    guilty = [c for c in columns if _is_ordinary_without(c, found, get_batch, width)]
    return guilty[0] if len(guilty) == 1 else None


def find_first_bad_round(
    training: Training, get_batch: Callable[[int], Any], until: int
) -> Training | None:
    """The training before its first round that is not finite; None if there is none."""
    while training.step < until:
        state = copy.deepcopy(training)
        training.meter.reset()
        training.run_round(get_batch(training.step))
        if not all(map(isfinite, training.meter.compute_means().values())):
            return state
    return None


def _is_ordinary_without(
    column: Column, state: Training, get_batch: Callable[[int], Any], width: int
) -> bool:
    training = copy.deepcopy(state)
    for _ in range(CHECKED_ROUNDS):
        training.meter.reset()
        training.run_round(blank_out(get_batch(training.step), column.places, width))
        if not are_ordinary(training.meter.compute_means(), width):
            return False
    return True


def keep_batch(run: Path, stage: str, step: int, batch: Any) -> str:
    """Write the rows of the round that was not finite to RUN/diverged-STAGE-ROUND.safetensors.

    Its tensors are named as the batch names them, or by their place in it. A disk that is full
    keeps none: what is told of the divergence matters more.

    Returns:
        The end of a sentence that says where they are.
    """
    file = run / f"diverged-{stage}-{step + 1}.safetensors"
    try:
        write_file(file, pack_tensors(_list_tensors(batch)))
    except OSError:
        return ""
    return f"; the batch of that round is in {file}"


def _list_tensors(batch: Any, name: str = "rows") -> dict[str, Tensor]:
    """The tensors of a batch by name."""
    if isinstance(batch, Tensor):
        return {name: batch}
    if not isinstance(batch, tuple | list):
        return {}
    names = getattr(batch, "_fields", None) or [str(i) for i in range(len(batch))]
    parts = [_list_tensors(part, each) for each, part in zip(names, batch, strict=True)]
    return {key: value for part in parts for key, value in part.items()}


def blank_out(batch: Any, places: tuple[int, ...], width: int) -> Any:
    """A batch whose rows (b, width) of floats have NaN, which is unknown, in some places."""
    if isinstance(batch, Tensor):
        if batch.shape[1:] != (width,) or not batch.is_floating_point():
            return batch
        blanked = batch.clone()
        blanked[:, list(places)] = torch.nan
        return blanked
    parts = [blank_out(part, places, width) for part in batch]
    return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
