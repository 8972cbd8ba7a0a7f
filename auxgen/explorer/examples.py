"""Rows to look at: some of those that a run was trained and measured with, or a person's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..data.inputs import InputRows
from ..data.labels import BLANK

MOST_EXAMPLES = 300
"""Rows that the page shows in all: as thumbnails on the map, and to choose from."""
ENOUGH_EXAMPLES = 100
"""Where fewer rows are held out, rows that the model has learned from are shown as well."""


@dataclass(frozen=True, eq=False)
class Examples:
    """n raw rows (n, *shape) with a name for each, and a label, "" where there is none.

    Attributes:
        x: The rows, on the CPU.
        names: What each is called, such as "test picture 17".
        labels: Its class, or the attributes that it has.
        origin: What they are, in words, such as "12 pictures of pets"; "" where there are none.
    """

    x: Tensor
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    origin: str = ""

    def __len__(self) -> int:
        return len(self.names)


def make_no_examples(space: Preprocessor) -> Examples:
    """No rows of a space."""
    return Examples(torch.empty(0, *space.shape))


def choose_examples(data: Mapping[str, Dataset], space: Preprocessor) -> Examples:
    """Some rows of a run's data, in a shuffled order: held-out ones first.

    Rows of another shape than the model's are left out.
    """
    fitting = {
        split: rows
        for split, rows in data.items()
        if len(rows) and tuple(rows.x.shape[1:]) == space.shape
    }
    if not fitting:
        return make_no_examples(space)
    held_out = next((s for s in ("test", "valid") if s in fitting), None)
    parts = [] if held_out is None else [_draw_examples(held_out, fitting[held_out], MOST_EXAMPLES)]
    missing = ENOUGH_EXAMPLES - sum(map(len, parts))
    learned = next((s for s in fitting if s not in ("test", "valid")), None)
    if missing > 0 and learned is not None:
        parts.append(_draw_examples(learned, fitting[learned], missing))
    name = next(iter(fitting.values())).name.rpartition("/")[0]
    noun = "pictures" if space.kind == "images" else "rows"
    words = [f"{len(parts[0])} {noun} of {name}" if name else f"{len(parts[0])} {noun}"]
    if held_out is not None:
        words[0] += " that it did not learn from"
    words += [f"{len(part)} that it did" for part in parts[1:]]
    return Examples(
        torch.cat([part.x for part in parts]),
        tuple(name for part in parts for name in part.names),
        tuple(label for part in parts for label in part.labels),
        " and ".join(words),
    )


def _draw_examples(split: str, rows: Dataset, most: int) -> Examples:
    """Some rows of a split, with the split's name."""
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(rows), generator=generator)[:most]
    chosen = rows[order]
    noun = "picture" if rows.kind == "images" else "row"
    names = tuple(f"{split} {noun} {i + 1}" for i in order.tolist())
    return Examples(chosen.raw_rows(), names, _list_row_labels(chosen))


def _list_row_labels(rows: Dataset) -> tuple[str, ...]:
    """The class of each row, or the names of the attributes that it has."""
    if rows.attributes is not None and not rows.classes:
        each = (rows.attributes == 1).tolist()
        pairs = ((zip(rows.attribute_names, row, strict=True)) for row in each)
        return tuple(", ".join(name for name, has in pair if has) for pair in pairs)
    return tuple("" if y == BLANK else rows.classes[y] for y in rows.y.tolist())


def find_most_different(x: Tensor, most: int) -> int:
    """The row among the first `most` that differs most from the first row: x (n, *shape)."""
    return int((x[:most] - x[:1]).flatten(1).square().sum(1).argmax()) if len(x) else 0


def convert_to_examples(rows: InputRows) -> Examples:
    """The rows of a person's files, the first ones of many."""
    names = rows.names[:MOST_EXAMPLES]
    return Examples(
        rows.x[:MOST_EXAMPLES], names, ("",) * len(names), f"{len(names)} rows of your files"
    )
