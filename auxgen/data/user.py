"""A person's own data: folders of images, arrays and tables; and holding out a test set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from .arrays import parse_labels as labels_of
from .arrays import parse_rows
from .cache import CacheKey, UndecodedDataset, load_or_create_dataset
from .dataset import Dataset
from .decoding import EncodedPicture, Frame, PictureReader, decode_blocks, find_common_shape
from .fingerprints import add_fingerprint, compute_digest, compute_files_digest
from .folders import METADATA_FILE, ImageListing, list_images
from .hub import SPLIT_ALIASES
from .labels import check_labels, find_labelled_rows, map_labels_to_indices
from .tables import read_table_split

__all__ = ["load_arrays", "load_image_folder", "load_table", "split_randomly", "split_stratified"]


def load_image_folder(
    folder: str | Path, *, label: str | None = None, size: int | None = None, split: str = "train"
) -> Dataset:
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
    return load_framed_images(
        Path(folder).expanduser(), label=label, split=split, frame=Frame(size)
    )


def load_framed_images(
    folder: Path, *, split: str, frame: Frame, label: str | None = None
) -> Dataset:
    """`load_image_folder`, with a frame."""
    split = SPLIT_ALIASES.get(split, split)
    found = list_images(folder, split, label)
    sheets = sorted(folder.rglob(METADATA_FILE))
    classes = compute_digest(*found.classes)
    key = CacheKey(
        name=f"{folder.resolve().name}/{split}",
        origin=f"images {folder.resolve()} {split} {label} {frame}",
        source_state=compute_digest(compute_files_digest([*found.files, *sheets], folder), classes),
    )
    examples = load_or_create_dataset(
        key, lambda: _prepare_image_folder(found, folder, key.name, frame)
    )
    if found.label_column_given and split == "train":
        check_labels(examples)
    return examples


def _prepare_image_folder(
    image_listing: ImageListing, folder: Path, name: str, frame: Frame
) -> UndecodedDataset:
    """The images of a folder before they are decoded."""

    def read(start: int, stop: int) -> list[EncodedPicture]:
        return [
            EncodedPicture(str(f.relative_to(folder)), f) for f in image_listing.files[start:stop]
        ]

    pictures = PictureReader(len(image_listing.files), read)
    shape = find_common_shape(pictures, frame)
    flags = list(image_listing.attributes.values())
    examples = Dataset(
        x=torch.empty(len(image_listing.files), *shape, dtype=torch.uint8, device="meta"),
        y=map_labels_to_indices(image_listing.labels, image_listing.classes),
        classes=image_listing.classes,
        name=name,
        fingerprint="",
        attributes=torch.tensor(flags).T.contiguous() if flags else None,
        attribute_names=tuple(image_listing.attributes),
    )
    return UndecodedDataset(examples, decode_blocks(pictures, shape, frame, name))


def load_arrays(x: Any, y: Any = None, names: Sequence[str] | None = None) -> Dataset:
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
    x = parse_rows(x)
    if y is None:
        return add_fingerprint(
            Dataset(x, torch.full((len(x),), -1), tuple(names or ()), "arrays", "")
        )
    classes, y = labels_of(y, len(x), names)
    examples = Dataset(x, y, classes, "arrays", "")
    check_labels(examples)
    return add_fingerprint(examples)


def load_table(file: str | Path, *, label: str | None, split: str = "train") -> Dataset:
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
    examples = read_table_split(Path(file).expanduser(), label, SPLIT_ALIASES.get(split, split))
    if label is not None and examples.name.endswith("/train"):
        check_labels(examples)
    return add_fingerprint(examples)


def split_stratified(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Splits rows into (train, test); test has labelled rows only, of every class its share.

    Args:
        dataset: Rows, labelled or not.
        fraction: Of the labelled rows, that goes to test.
        seed: Of the draw.

    Raises:
        InputError: The fraction is not between 0 and 1, no row is labelled, or a class has a single
            labelled row, which cannot be on both sides.
    """
    if not 0 < fraction < 1:
        raise InputError(f"A fraction of {fraction} was given; one between 0 and 1 is wanted.")
    groups = [
        (dataset.y == c).nonzero().flatten()
        for c in dataset.y[find_labelled_rows(dataset.y)].unique().tolist()
    ]
    if not groups:
        raise InputError(f"No row of {dataset.name} is labelled; a test set needs labels.")
    shares = _apportion_shares([len(g) for g in groups], fraction)
    generator = torch.Generator().manual_seed(seed)
    held = torch.zeros(len(dataset), dtype=torch.bool)
    for group, share in zip(groups, shares, strict=True):
        if len(group) < 2:
            c = dataset.classes[int(dataset.y[group[0]])]
            raise InputError(f"Class {c!r} has 1 labelled row; 2 are wanted, one for each side.")
        chosen = torch.randperm(len(group), generator=generator)[
            : min(max(share, 1), len(group) - 1)
        ]
        held[group[chosen]] = True
    return _select_rows(dataset, ~held), _select_rows(dataset, held)


def split_randomly(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Splits rows into (train, held out), labelled or not, in the order in which they are.

    Args:
        dataset: Rows.
        fraction: Of them, that is held out.
        seed: Of the draw.

    Raises:
        InputError: Nothing would be left on one side.
    """
    held = round(fraction * len(dataset)) if 0 < fraction < 1 else 0
    if not 0 < held < len(dataset):
        raise InputError(
            f"A share of {fraction:g} of {len(dataset)} images was to be held out; one that "
            "leaves images on both sides is wanted."
        )
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))
    chosen = torch.zeros(len(dataset), dtype=torch.bool)
    chosen[order[:held]] = True
    return _select_rows(dataset, ~chosen), _select_rows(dataset, chosen)


def _select_rows(dataset: Dataset, rows: Tensor) -> Dataset:
    """The rows of a mask, with a fingerprint of their own."""
    return add_fingerprint(dataset[rows])


def _apportion_shares(sizes: list[int], fraction: float) -> list[int]:
    """A whole share of every size, all together round(fraction sum sizes): largest remainders."""
    exact = [n * fraction for n in sizes]
    shares = [int(e) for e in exact]
    left = round(fraction * sum(sizes)) - sum(shares)
    order = sorted(range(len(sizes)), key=lambda i: shares[i] - exact[i])
    for i in order[:left]:
        shares[i] += 1
    return shares
