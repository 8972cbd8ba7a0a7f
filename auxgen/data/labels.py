"""Labels: naming the classes, drawing the few that are shown, and checking that they will do."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..errors import InputError
from .dataset import Dataset

BLANK = -1


def find_labelled_rows(y: Tensor) -> Tensor:
    """The rows that have a label: y (n,) -> (m,) int64, in order."""
    return (y != BLANK).nonzero().flatten()


def sample_rows_per_class(y: Tensor, per_class: int, seed: int) -> Tensor:
    """Rows whose labels are shown, `per_class` of each: y (n,) -> (k per_class,) int64, sorted.

    A draw of fewer with the same seed is part of a draw of more.

    Raises:
        InputError: A class has fewer rows, or no row is labelled.
    """
    if per_class < 1:
        raise InputError(f"{per_class} labels per class were asked for; 1 or more is wanted.")
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for c in y[find_labelled_rows(y)].unique().tolist():
        rows = (y == c).nonzero().flatten().cpu()
        if len(rows) < per_class:
            raise InputError(
                f"Class {c} has {len(rows)} labelled rows; {per_class} per class are wanted."
            )
        chosen.append(rows[torch.randperm(len(rows), generator=generator)[:per_class]])
    if not chosen:
        raise InputError("No row is labelled; labels of two classes or more are wanted.")
    return torch.cat(chosen).sort().values


def check_labels(dataset: Dataset) -> None:
    """Whether the labels will do for learning from some of them.

    Raises:
        InputError: No row is labelled, a label is out of range, only one class is labelled, or a
            class is named that no row is labelled with.
    """
    name, classes = dataset.name, dataset.classes
    seen = dataset.y[find_labelled_rows(dataset.y)].unique().tolist()
    if not seen:
        raise InputError(f"No row of {name} is labelled; rows of two classes or more are wanted.")
    if seen[0] < BLANK or seen[-1] >= len(classes):
        wrong = seen[0] if seen[0] < BLANK else seen[-1]
        raise InputError(
            f"Label {wrong} of {name} is out of range; -1 (blank) to {len(classes) - 1} are wanted."
        )
    if len(seen) == 1:
        raise InputError(
            f"Only class {classes[seen[0]]!r} of {name} is labelled; two or more are wanted."
        )
    if len(seen) < len(classes):
        never = next(c for i, c in enumerate(classes) if i not in seen)
        raise InputError(
            f"No row of {name} is labelled {never!r}; label at least one, or leave out that class."
        )


def collect_classes(words: Iterable[str]) -> tuple[str, ...]:
    """The different words but the blank one: whole numbers in order of size, else by alphabet."""
    different = {w for w in words if w}
    whole = all(w.lstrip("-").isdecimal() for w in different)
    return tuple(sorted(different, key=int) if whole else sorted(different))


def map_labels_to_indices(words: Iterable[str], classes: tuple[str, ...]) -> Tensor:
    """Class indices of words, -1 for the blank one: -> (n,) int64."""
    place = {c: i for i, c in enumerate(classes)} | {"": BLANK}
    return torch.tensor([place[w] for w in words], dtype=torch.int64)
