"""Why a run diverged: the column, row or layer to blame, by playing the last rounds again without
it, and what helps where there is none."""

import copy
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from ..engine.device import Ranks
from ..engine.good_state import GoodState
from ..engine.loop import Training
from ..engine.memory import attempt
from ..engine.meter import BadTerm
from ..files import pack_tensors, write_file
from ..stage import Stage
from .bad_column import find_bad_column, find_table
from .bad_layer import describe_bad_layer
from .bad_row import BatchReader, find_bad_row
from .commands import TrainCommand
from .folder import Run
from .remedies import describe_remedy

NO_ROW = "; no single row of the batch is the cause"


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
            details = _keep_batch(self.run.path, self.name, bad.step, batch)
        if self.ranks.size == 1 and self.good_state.restore(training):
            # what cannot be copied beside the training, for want of memory, is not looked for
            found = attempt(lambda: _find_first_bad_round(training, self.get_batch, until)).result
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


def _find_first_bad_round(
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


def _keep_batch(run: Path, stage: str, step: int, batch: Any) -> str:
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
