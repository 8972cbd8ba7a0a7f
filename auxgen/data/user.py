"""A person's own data: folders of images, arrays and tables; and holding out a test set."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..files import compute_digest
from . import cache
from .column_kinds import ColumnChoice
from .dataset import Dataset, add_fingerprint
from .decoding import EncodedPicture, PictureReader, decode_blocks
from .folders import ImageListing, list_images
from .frame import Frame
from .hub import SPLIT_ALIASES
from .labels import check_labels, find_labelled_rows, map_labels_to_indices, parse_labels
from .survey import survey_pictures
from .table_files import TableFormat
from .tables import read_table_split
from .walking import format_path

NEARLY_BLACK = 16
"""Of 255: what 12 bits in 16 come to, when the lower 8 are dropped."""

__all__ = [
    "load_arrays",
    "load_image_folder",
    "load_table",
    "split_into_folds",
    "split_randomly",
    "split_stratified",
]


def load_image_folder(
    folder: str | Path, *, label: str | None = None, size: int | None = None, split: str = "train"
) -> Dataset:
    """Image files: x uint8 (n, c, h, w).

    Labels come from class folders (folder/cat/1.png), or from a metadata.csv or labels.csv beside
    the images with a column of file names. Splits are folders train, test and valid; without them
    all is "train".

    Args:
        label: The column of the sheet that holds the label; "label" if there is such a column.
            Other columns of 0 and 1, or true and false, become attributes. Blank cells are unknown.
        size: Side in pixels of the square that images are resized to.
        split: "train", "test" or "valid".

    Raises:
        InputError: Something of this is not there or cannot be read, images differ in size and none
            is given, or the labels cannot be used.
        NotSaved: The cache cannot be written.
    """
    folder = Path(folder).expanduser()
    return load_framed_images(folder, label=label, split=split, frame=Frame(size))


def load_framed_images(folder: Path, split: str, frame: Frame, label: str | None = None) -> Dataset:
    """`load_image_folder`, with a frame."""
    split, place = SPLIT_ALIASES.get(split, split), folder.resolve()
    found = list_images(folder, split, label)
    states = (
        cache.compute_files_digest([*found.every, *found.sheets], folder),
        compute_digest(*found.classes),
    )
    name = f"{format_path(place.name)}/{split}"
    origin = f"images {place} {split} {label} {frame}"
    file = cache.make_cache_file(name, origin, compute_digest(*states))
    prepare = partial(_prepare_image_folder, found, folder, name, frame)
    examples = cache.load_or_create_dataset(file, prepare)
    if found.label_column_given and split == "train":
        check_labels(examples)
    return replace(examples, notes=(*found.notes, *examples.notes, *_describe_darkness(examples)))


def _describe_darkness(examples: Dataset) -> list[str]:
    """A note on pictures that are black to the eye, as masks of 0 and 1 are."""
    brightest = int(examples.x.max())
    if brightest >= NEARLY_BLACK:
        return []
    return [f"Pictures of {examples.name} are nearly black: no pixel is above {brightest} of 255."]


def _prepare_image_folder(
    found: ImageListing, folder: Path, name: str, frame: Frame
) -> cache.UndecodedDataset:
    """The images of a folder before they are decoded; those of all splits agree in their shape."""
    survey = survey_pictures(_make_picture_reader(found.every, folder), frame)
    pictures = _make_picture_reader(found.files, folder)
    return cache.make_undecoded_dataset(
        decode_blocks(pictures, survey.shape, survey.frame),
        (len(found.files), *survey.shape),
        map_labels_to_indices(found.labels, found.classes),
        found.classes,
        name,
        found.attributes,
        frame=survey.frame,
        notes=survey.notes,
    )


def _make_picture_reader(files: Sequence[Path], folder: Path) -> PictureReader:
    """The pictures in files below a folder."""

    def read(rows: slice) -> list[EncodedPicture]:
        return [EncodedPicture(format_path(f.relative_to(folder)), f) for f in files[rows]]

    return PictureReader(len(files), read)


def load_arrays(x: Any, y: Any = None, names: Sequence[str] | None = None) -> Dataset:
    """Rows in memory, from numpy, torch or lists.

    Args:
        x: Images uint8, or floats in [0, 1] (stored in 256 steps), as (n, h, w), (n, h, w, c) or
            (n, c, h, w) with c 1 or 3; or vectors (n, d), kept as float32 or float64.
        y: A label for each row, whole numbers or strings; -1, None, NaN and "" are blank. None: no
            labels.
        names: Names of the classes, which y then means by index or by name. Without them the
            classes are the different labels, in order.

    Raises:
        InputError: x is empty, or has another shape, values out of range, NaN or infinity; y has
            another length or unknown labels, or cannot be used (see `check_labels`).
    """
    x = _parse_rows(x)
    if y is None:
        blank = torch.full((len(x),), -1)
        return add_fingerprint(Dataset(x, blank, tuple(names or ()), "arrays", ""))
    classes, y = parse_labels(y, len(x), names)
    examples = Dataset(x, y, classes, "arrays", "")
    check_labels(examples)
    return add_fingerprint(examples)


def _parse_rows(x: Any) -> Tensor:
    """x of `load_arrays`: uint8 images (n, c, h, w), or vectors (n, d) of floats."""
    array = _parse_numbers(x)
    if array.size == 0:
        raise InputError(f"x of shape {array.shape} is empty; one row or more is expected.")
    if array.dtype.kind == "f":
        _require_finite(array)
    if array.ndim in (3, 4):
        pixels = _move_channels_first(_convert_to_uint8(array))
        return torch.from_numpy(np.ascontiguousarray(pixels))
    if array.ndim != 2:
        raise InputError(f"x has shape {array.shape}; images or vectors (n, d) are expected.")
    if array.dtype == np.uint8:
        raise InputError(
            f"x is uint8 of shape {array.shape}; "
            "images (n, h, w), or vectors as floats, are expected."
        )
    rows = array if array.dtype == np.float32 else array.astype(np.float64)
    return torch.from_numpy(np.ascontiguousarray(rows))


def _parse_numbers(x: Any) -> np.ndarray:
    """x as an array of numbers."""
    try:
        array = x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)
    except (TypeError, ValueError) as error:
        raise InputError(f"x is no array ({error}); rows of equal length are expected.") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"x holds {array.dtype} values; numbers are expected.")
    return array


def _require_finite(array: np.ndarray) -> None:
    """Raises if an entry is NaN or infinite."""
    bad = ~np.isfinite(array)
    if bad.any():
        first = ", ".join(str(int(i)) for i in np.argwhere(bad)[0])
        raise InputError(
            f"x has {int(bad.sum())} NaN or infinite entries, the first at [{first}]; "
            "finite numbers are expected."
        )


def _convert_to_uint8(array: np.ndarray) -> np.ndarray:
    """Images as uint8: as they are, or floats in [0, 1] rounded to 256 steps."""
    if array.dtype == np.uint8:
        return array
    low, high = array.min(), array.max()
    if array.dtype.kind != "f" or low < 0 or high > 1:
        raise InputError(
            f"x holds images of {array.dtype} from {low:g} to {high:g}; "
            "uint8, or floats from 0 to 1, are expected."
        )
    return (array * 255).round().astype(np.uint8)


def _move_channels_first(array: np.ndarray) -> np.ndarray:
    """Images (n, h, w), (n, c, h, w) or (n, h, w, c) -> (n, c, h, w)."""
    if array.ndim == 3:
        return array[:, None]
    if array.shape[1] in (1, 3):
        return array
    if array.shape[3] in (1, 3):
        return array.transpose(0, 3, 1, 2)
    raise InputError(f"x has shape {array.shape}; images with 1 or 3 channels are expected.")


def load_table(
    file: str | Path,
    *,
    label: str | None,
    split: str = "train",
    choice: ColumnChoice | None = None,
    form: TableFormat | None = None,
) -> Dataset:
    """The rows of a table: x float64 (n, d), NaN where a number is blank; `table` has the columns.

    Numbers and dates are an entry each, then texts, and yes and no, an entry of 0 or 1 for each
    text ("colour=red"). Columns that never change or only name the rows are left out; `notes` tells
    what was guessed. Files are .csv, .tsv, .parquet, .feather and .xlsx.

    Args:
        file: A file, all of which is "train"; or a folder with train.csv, test.csv and so on, whose
            texts and classes are found together.
        label: The column of the label, blank where it is unknown; None for no label.
        split: "train", "test" or "valid".
        choice: Which columns are used, and which texts are blank; its label is not.
        form: How a file of text is written; a good guess when None.

    Raises:
        InputError: Something is not there or cannot be read, a column cannot be used, or the labels
            cannot (see `check_labels`).
    """
    choice = replace(choice or ColumnChoice(), label=label)
    split = SPLIT_ALIASES.get(split, split)
    rows = read_table_split(Path(file).expanduser(), choice, form or TableFormat(), split)
    if label is not None and rows.name.endswith("/train"):
        check_labels(rows)
    return add_fingerprint(rows)


def split_stratified(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Splits rows into (train, test); test has labelled rows only, of every class its share.

    Args:
        dataset: Rows, labelled or not.
        fraction: Share of the labelled rows that goes to the test set.

    Raises:
        InputError: The fraction is not between 0 and 1, no row is labelled, or a class has a single
            labelled row, which cannot be on both sides.
    """
    if not 0 < fraction < 1:
        raise InputError(f"A fraction of {fraction} was given; one between 0 and 1 is expected.")
    y = dataset.y
    groups = [(y == c).nonzero().flatten() for c in y[find_labelled_rows(y)].unique().tolist()]
    if not groups:
        raise InputError(f"No row of {dataset.name} is labelled; a test set needs labels.")
    shares = _apportion_shares([len(g) for g in groups], fraction)
    generator = torch.Generator().manual_seed(seed)
    held = torch.zeros(len(dataset), dtype=torch.bool)
    for group, share in zip(groups, shares, strict=True):
        if len(group) < 2:
            c = dataset.classes[int(y[group[0]])]
            raise InputError(f"Class {c!r} has 1 labelled row; 2 are expected, one for each side.")
        count = min(max(share, 1), len(group) - 1)
        held[group[torch.randperm(len(group), generator=generator)[:count]]] = True
    return split_by_mask(dataset, held)


def split_into_folds(dataset: Dataset, folds: int, seed: int) -> list[tuple[Dataset, Dataset]]:
    """(train, held out) of each fold: every labelled row is held out once, classes in turn.

    Rows without a label are always learned from.

    Raises:
        InputError: There are fewer than two folds, more of them than labelled rows, or a class has
            a single labelled row.
    """
    y = dataset.y
    groups = [(y == c).nonzero().flatten() for c in y[find_labelled_rows(y)].unique().tolist()]
    rows = sum(map(len, groups))
    if not 2 <= folds <= rows:
        raise InputError(f"folds is {folds}; 2 to {rows}, the labelled rows, are expected.")
    for group in groups:
        if len(group) < 2:
            c = dataset.classes[int(y[group[0]])]
            raise InputError(f"Class {c!r} has 1 labelled row; 2 or more are expected for folds.")
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.cat([g[torch.randperm(len(g), generator=generator)] for g in groups])
    fold = torch.full((len(dataset),), -1)
    fold[mixed] = torch.arange(rows) % folds
    return [split_by_mask(dataset, fold == k) for k in range(folds)]


def split_randomly(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Splits rows into (train, held out), labelled or not, in the order in which they are.

    Args:
        fraction: Share of the rows that is held out.

    Raises:
        InputError: Nothing would be left on one side.
    """
    count = round(fraction * len(dataset)) if 0 < fraction < 1 else 0
    if not 0 < count < len(dataset):
        raise InputError(
            f"A share of {fraction:g} of {len(dataset)} images was to be held out; one that "
            "leaves images on both sides is expected."
        )
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))
    held = torch.zeros(len(dataset), dtype=torch.bool)
    held[order[:count]] = True
    return split_by_mask(dataset, held)


def split_by_mask(dataset: Dataset, held: Tensor) -> tuple[Dataset, Dataset]:
    """The other rows, and those of a mask (n,), each with a fingerprint of their own."""
    return add_fingerprint(dataset[~held]), add_fingerprint(dataset[held])


def _apportion_shares(sizes: list[int], fraction: float) -> list[int]:
    """A whole share of every size, all together round(fraction sum sizes): largest remainders."""
    exact = [n * fraction for n in sizes]
    shares = [int(e) for e in exact]
    left = round(fraction * sum(sizes)) - sum(shares)
    order = sorted(range(len(sizes)), key=lambda i: shares[i] - exact[i])
    for i in order[:left]:
        shares[i] += 1
    return shares
