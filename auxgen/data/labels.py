"""Labels: what a person calls the classes, the few rows that keep theirs, and checks."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError, unknown_name
from .cells import MISSING_WORDS
from .dataset import Dataset

BLANK = -1
_POINT_ZERO = re.compile(r"-?\d+\.0+")
"""Whole numbers beside blanks, as pandas writes them."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d{1,2})?", re.ASCII)
_UNSEEN = ("Zs", "Zl", "Zp", "Cc", "Cf")
"""Categories of spaces and of characters that are not seen."""


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
        raise InputError(f"{per_class} labels per class were requested; 1 or more is expected.")
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for c in y[find_labelled_rows(y)].unique().tolist():
        rows = (y == c).nonzero().flatten().cpu()
        if len(rows) < per_class:
            raise InputError(
                f"Class {c} has {len(rows)} labelled rows; {per_class} per class are expected."
            )
        chosen.append(rows[torch.randperm(len(rows), generator=generator)[:per_class]])
    if not chosen:
        raise InputError("No row is labelled; labels of two classes or more are expected.")
    return torch.cat(chosen).sort().values


def draw_share_of_classes(y: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """A share of the rows of each class, and of those without a label; one or more is left of each.

    Args:
        y: Class indices (n,), negative where blank.
        fraction: The share.
        seed: Seed of the draw.

    Returns:
        Which rows they are, (n,) bool; none where all classes have few.
    """
    generator = np.random.default_rng(seed)
    drawn = np.zeros(len(y), dtype=bool)
    for c in np.unique(y):
        own = np.flatnonzero(y == c)
        count = min(round(fraction * len(own)), len(own) - 1)
        drawn[generator.permutation(own)[:count]] = True
    return drawn


def check_labels(dataset: Dataset) -> None:
    """Check that a model can learn from these labels.

    Raises:
        InputError: No row is labelled, a label is out of range, only one class is labelled, or a
            class is named that no row is labelled with.
    """
    name, classes = dataset.name, dataset.classes
    seen = dataset.y[find_labelled_rows(dataset.y)].unique().tolist()
    if not seen:
        raise InputError(f"No row of {name} is labelled; rows of two classes or more are expected.")
    if seen[0] < BLANK or seen[-1] >= len(classes):
        wrong = seen[0] if seen[0] < BLANK else seen[-1]
        raise InputError(
            f"Label {wrong} of {name} is out of range; -1 (blank) to {len(classes) - 1} are "
            "expected."
        )
    if len(seen) == 1:
        raise InputError(
            f"Only class {classes[seen[0]]!r} of {name} is labelled; two or more are expected."
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
    return tuple(sorted(different, key=lambda w: (int(w), w)) if whole else sorted(different))


def read_label_texts(texts: Sequence[str], where: str) -> list[str]:
    """Labels of a table or a sheet, whole numbers without the point that pandas gives them.

    Args:
        texts: The cells of the column, "" where blank.
        where: What to call the column.

    Raises:
        InputError: All are numbers, some with a fraction.
    """
    words = set(texts) - {""}
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return list(texts)
    wrong = next((number for number in numbers if not number.is_integer()), None)
    if wrong is not None:
        raise InputError(
            f"{where}: Label {wrong!r} is no class; strings or whole numbers are expected."
        )
    if all(map(_POINT_ZERO.fullmatch, words)):
        return [text.partition(".")[0] for text in texts]
    return list(texts)


def list_doubtful_labels(texts: Iterable[str]) -> list[str]:
    """Labels that may mean "unknown", such as NA and -1, sorted."""
    return sorted(t for t in set(texts) if t == "-1" or t.lower() in MISSING_WORDS)


def describe_alike_classes(classes: Iterable[str]) -> list[str]:
    """Notes on classes that a person may have meant to be one."""
    groups: dict[str | float, list[str]] = {}
    for name in classes:
        groups.setdefault(_simplify(name), []).append(name)
    return [
        f"Classes {' and '.join(map(repr, names))} differ only in how they are written; if "
        "they are one, write them alike."
        for names in groups.values()
        if len(names) > 1
    ]


def _simplify(name: str) -> str | float:
    """A name without what is easily written in two ways; a number as one."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    kept = "".join(c for c in plain if unicodedata.category(c) not in _UNSEEN and c not in "'\"_")
    return float(kept) if _NUMBER.fullmatch(kept) else kept


def map_labels_to_indices(words: Iterable[str], classes: tuple[str, ...]) -> Tensor:
    """Class indices of words, -1 for the blank one: -> (n,) int64."""
    place = {c: i for i, c in enumerate(classes)} | {"": BLANK}
    return torch.tensor([place[w] for w in words], dtype=torch.int64)


def parse_labels(y: Any, rows: int, names: Sequence[str] | None) -> tuple[tuple[str, ...], Tensor]:
    """y of `load_arrays`: the names of the classes, and their indices (n,), -1 where blank.

    Raises:
        InputError: y has another length than x, holds what is no label, or labels out of range.
    """
    listed = y.detach().cpu().tolist() if isinstance(y, Tensor) else np.asarray(y).tolist()
    flat = isinstance(listed, list) and not any(isinstance(v, list) for v in listed)
    if not flat or len(listed) != rows:
        raise InputError(
            f"y has shape {np.shape(y)}; one label for each of {rows} rows is expected."
        )
    words = [_format_label(v) for v in listed]
    if names is None:
        negative = next((w for w in words if w.startswith("-") and w[1:].isdecimal()), None)
        if negative is not None:
            raise InputError(f"Label {negative} is out of range; -1 (blank) or more is expected.")
        classes = collect_classes(words)
        return classes, map_labels_to_indices(words, classes)
    classes = tuple(str(n) for n in names)
    if len(set(classes)) < len(classes):
        twice = next(c for c in classes if classes.count(c) > 1)
        raise InputError(f"names holds {twice!r} more than once; each class once is expected.")
    if not any(isinstance(v, str) for v in listed):
        words = _look_up_class_names(words, classes)
    strange = next((w for w in words if w and w not in classes), None)
    if strange is not None:
        raise unknown_name("name of a class", strange, classes)
    return classes, map_labels_to_indices(words, classes)


def _look_up_class_names(words: list[str], classes: tuple[str, ...]) -> list[str]:
    """Names of the classes of indices, which must be in range."""
    wrong = next((w for w in words if w and not 0 <= int(w) < len(classes)), None)
    if wrong is not None:
        raise InputError(
            f"Label {wrong} is out of range; -1 (blank) to {len(classes) - 1} are expected, "
            f"for {len(classes)} names were given."
        )
    return [classes[int(w)] if w else "" for w in words]


def _format_label(value: Any) -> str:
    """A label as a word: "" if it is blank, whole numbers without a point.

    Raises:
        InputError: It is neither a string nor a whole number.
    """
    if value is None or value != value or (value == BLANK and not isinstance(value, str)):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and float(value).is_integer():
        return str(int(value))
    raise InputError(f"Label {value!r} is no class; strings or whole numbers are expected.")
