"""A person's own data: folders of images, arrays and tables; and holding out a test set.

All of it is reached from here, as `user.load_arrays` or `user.split_stratified`.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..files import compute_digest
from . import cache
from .arrays import load_arrays
from .column_kinds import ColumnChoice
from .dataset import Dataset, add_fingerprint
from .decoding import EncodedPicture, PictureReader, decode_blocks
from .folders import ImageListing, list_images
from .frame import Frame
from .hub import SPLIT_ALIASES
from .labels import check_labels, map_labels_to_indices
from .sources import RowSource
from .splits import split_into_folds, split_randomly, split_stratified
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
            Other columns of 0 and 1, true and false, or yes and no become attributes. Blank cells
            are unknown.
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
        compute_digest(*found.attributes),
    )
    name = f"{format_path(place.name)}/{split}"
    origin = f"images {place} {split} {label} {frame}"
    file = cache.make_cache_file(name, origin, compute_digest(*states))
    prepare = partial(_prepare_image_folder, found, folder, name, frame)
    examples = cache.load_or_create_dataset(file, prepare)
    if found.label_column_given and split == "train":
        check_labels(examples)
    notes = (*found.notes, *examples.notes, *_describe_darkness(examples))
    return replace(examples, notes=notes, source=RowSource.of_pictures(folder, found.files))


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
