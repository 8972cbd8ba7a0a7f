"""Which single column of a table makes a round fail: the round is played with each one blank."""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..data.batches import rebuild_batch
from ..data.dataset import Dataset, Preprocessor
from ..engine.loop import Training
from ..stage import Stage
from .remedies import are_ordinary

CHECKED_ROUNDS = 20
"""Rounds that must be ordinary without a column, for it to be to blame."""


class PlacedColumn(NamedTuple):
    """A column of a table, and its places in the rows that a model sees."""

    name: str
    places: tuple[int, ...]


class Table(NamedTuple):
    """Training rows, and how the model sees them."""

    rows: Dataset
    space: Preprocessor

    def list_columns(self) -> list[PlacedColumn]:
        """Numbers, each in a place, and then the texts of each category."""
        space = self.space
        kept = range(space.width) if space.kept is None else space.kept
        numbers = space.width - sum(space.categories)
        found = [PlacedColumn(space.columns[kept[i]], (i,)) for i in range(numbers)]
        start = numbers
        for category in space.table.categories if space.table else ():
            end = start + len(category.texts)
            found.append(PlacedColumn(category.name, tuple(range(start, end))))
            start = end
        return found

    def describe_extreme(self, column: PlacedColumn) -> str:
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


def find_bad_column(
    found: Training, get_batch: Callable[[int], Any], table: Table | None
) -> PlacedColumn | None:
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


def _is_ordinary_without(
    column: PlacedColumn, state: Training, get_batch: Callable[[int], Any], width: int
) -> bool:
    training = copy.deepcopy(state)
    for _ in range(CHECKED_ROUNDS):
        training.meter.reset()
        training.run_round(blank_columns(get_batch(training.step), column.places, width))
        if not are_ordinary(training.meter.compute_means(), width):
            return False
    return True


def blank_columns(batch: Any, places: tuple[int, ...], width: int) -> Any:
    """A batch whose rows (b, width) of floats have NaN, which is unknown, in some places."""
    if isinstance(batch, Tensor):
        if batch.shape[1:] != (width,) or not batch.is_floating_point():
            return batch
        blanked = batch.clone()
        blanked[:, list(places)] = torch.nan
        return blanked
    return rebuild_batch(batch, [blank_columns(part, places, width) for part in batch])
