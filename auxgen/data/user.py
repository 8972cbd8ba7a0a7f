"""A person's own data: folders of images, arrays and tables; and holding out a test set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from .arrays import entries
from .arrays import labels as labels_of
from .cache import Draft, Key, kept
from .dataset import Examples
from .decoding import Encoded, Frame, Pictures, blocks, shape_of
from .fingerprints import of_files, of_words, stamped
from .folders import METADATA, Listing, listing
from .hub import SPLITS
from .labels import check, indices, labelled
from .tables import rows

__all__ = ["arrays", "divided", "holdout", "images", "table"]


def images(
    folder: str | Path, *, label: str | None = None, size: int | None = None, split: str = "train"
) -> Examples:
    """Image files: x uint8 (n, c, h, w).

    Labels come from class folders (folder/cat/1.png), or from a metadata.csv beside the images
    with a column file_name. Splits are folders train, test and valid; without them all is "train".

    Args:
        folder: Where the images are.
        label: The column of metadata.csv that holds the label; "label" if there is such a column.
            Other columns of 0 and 1, or true and false, become attributes. Blank cells are unknown.
        size: Side in pixels of the square that images are resized to.
        split: "train", "test" or "valid".

    Raises:
        InputError: Something of this is not there or cannot be read, images differ in size and none
            is given, or the labels asked for will not do.
        NotSaved: The cache cannot be written.
    """
    return framed(Path(folder).expanduser(), label=label, split=split, frame=Frame(size))


def framed(folder: Path, *, split: str, frame: Frame, label: str | None = None) -> Examples:
    """`images`, with a frame."""
    split = SPLITS.get(split, split)
    found = listing(folder, split, label)
    sheets = sorted(folder.rglob(METADATA))
    classes = of_words(*found.classes)
    key = Key(
        name=f"{folder.resolve().name}/{split}",
        made=f"images {folder.resolve()} {split} {label} {frame}",
        state=of_words(of_files([*found.files, *sheets], folder), classes),
    )
    examples = kept(key, lambda: draft(found, folder, key.name, frame))
    if found.asked and split == "train":
        check(examples)
    return examples


def draft(found: Listing, folder: Path, name: str, frame: Frame) -> Draft:
    """The images of a folder before they are decoded."""

    def read(start: int, stop: int) -> list[Encoded]:
        return [Encoded(str(f.relative_to(folder)), f) for f in found.files[start:stop]]

    pictures = Pictures(len(found.files), read)
    shape = shape_of(pictures, frame)
    flags = list(found.attributes.values())
    examples = Examples(
        x=torch.empty(len(found.files), *shape, dtype=torch.uint8, device="meta"),
        y=indices(found.labels, found.classes),
        classes=found.classes,
        name=name,
        fingerprint="",
        attributes=torch.tensor(flags).T.contiguous() if flags else None,
        attribute_names=tuple(found.attributes),
    )
    return Draft(examples, blocks(pictures, shape, frame, name))


def arrays(x: Any, y: Any = None, names: Sequence[str] | None = None) -> Examples:
    """Rows in memory, from numpy, torch or lists.

    Args:
        x: Images uint8, or floats in [0, 1] (stored in 256 steps), as (n, h, w), (n, h, w, c) or
            (n, c, h, w) with c 1 or 3; or vectors (n, d), kept as float32.
        y: A label for each row, whole numbers or strings; -1, None, NaN and "" are blank. None: no
            labels.
        names: Names of the classes, which y then means by index or by name. Without them the
            classes are the different labels, in order.

    Raises:
        InputError: x is empty, or has another shape, values out of range, NaN or infinity; y has
            another length, unknown labels, or will not do.
    """
    x = entries(x)
    if y is None:
        return stamped(Examples(x, torch.full((len(x),), -1), tuple(names or ()), "arrays", ""))
    classes, y = labels_of(y, len(x), names)
    examples = Examples(x, y, classes, "arrays", "")
    check(examples)
    return stamped(examples)


def table(file: str | Path, *, label: str | None, split: str = "train") -> Examples:
    """The rows of a CSV or parquet file: x float32 (n, d), with `columns`.

    Columns of numbers are kept as they are, of true and false become 0 and 1, of texts become one
    column of 0 and 1 for each text ("colour=red").

    Args:
        file: A file, all of which is "train"; or a folder with train.csv, test.csv and so on, whose
            texts and classes are found together.
        label: The column of the label, blank where it is unknown; None for no label.
        split: "train", "test" or "valid".

    Raises:
        InputError: Something is not there or cannot be read, a cell is blank or infinite, or the
            labels will not do.
    """
    examples = rows(Path(file).expanduser(), label, SPLITS.get(split, split))
    if label is not None and examples.name.endswith("/train"):
        check(examples)
    return stamped(examples)


def holdout(examples: Examples, fraction: float, seed: int) -> tuple[Examples, Examples]:
    """Splits rows into (train, test); test has labelled rows only, of every class its share.

    Args:
        examples: Rows, labelled or not.
        fraction: Of the labelled rows, that goes to test.
        seed: Of the draw.

    Raises:
        InputError: The fraction is not between 0 and 1, no row is labelled, or a class has a single
            labelled row, which cannot be on both sides.
    """
    if not 0 < fraction < 1:
        raise InputError(f"A fraction of {fraction} was given; one between 0 and 1 is wanted.")
    groups = [
        (examples.y == c).nonzero().flatten()
        for c in examples.y[labelled(examples.y)].unique().tolist()
    ]
    if not groups:
        raise InputError(f"No row of {examples.name} is labelled; a test set needs labels.")
    shares = apportioned([len(g) for g in groups], fraction)
    generator = torch.Generator().manual_seed(seed)
    held = torch.zeros(len(examples), dtype=torch.bool)
    for group, share in zip(groups, shares, strict=True):
        if len(group) < 2:
            c = examples.classes[int(examples.y[group[0]])]
            raise InputError(f"Class {c!r} has 1 labelled row; 2 are wanted, one for each side.")
        chosen = torch.randperm(len(group), generator=generator)[
            : min(max(share, 1), len(group) - 1)
        ]
        held[group[chosen]] = True
    return part(examples, ~held), part(examples, held)


def divided(examples: Examples, fraction: float, seed: int) -> tuple[Examples, Examples]:
    """Splits rows into (train, held out), labelled or not, in the order in which they are.

    Args:
        examples: Rows.
        fraction: Of them, that is held out.
        seed: Of the draw.

    Raises:
        InputError: Nothing would be left on one side.
    """
    held = round(fraction * len(examples)) if 0 < fraction < 1 else 0
    if not 0 < held < len(examples):
        raise InputError(
            f"A share of {fraction:g} of {len(examples)} images was to be held out; one that "
            "leaves images on both sides is wanted."
        )
    order = torch.randperm(len(examples), generator=torch.Generator().manual_seed(seed))
    chosen = torch.zeros(len(examples), dtype=torch.bool)
    chosen[order[:held]] = True
    return part(examples, ~chosen), part(examples, chosen)


def part(examples: Examples, rows: Tensor) -> Examples:
    """The rows of a mask, with a fingerprint of their own."""
    return stamped(examples[rows])


def apportioned(sizes: list[int], fraction: float) -> list[int]:
    """A whole share of every size, all together round(fraction sum sizes): largest remainders."""
    exact = [n * fraction for n in sizes]
    shares = [int(e) for e in exact]
    left = round(fraction * sum(sizes)) - sum(shares)
    order = sorted(range(len(sizes)), key=lambda i: shares[i] - exact[i])
    for i in order[:left]:
        shares[i] += 1
    return shares
