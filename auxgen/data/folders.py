"""A person's folder of image files: which there are, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError, unknown_name
from .image_splits import SPLITS, UNLABELLED_FOLDERS, ImageFolder, ImageSplit, scan_image_folder
from .labels import collect_classes
from .sheets import LABEL_COLUMNS, SHEET_FILES, PictureSheets, parse_flags, read_picture_sheets
from .walking import Tally, format_path


@dataclass(frozen=True)
class ImageListing:
    """The images of a split.

    Attributes:
        files: n image files.
        labels: A word for each, "" where it is blank.
        classes: The classes of all splits together.
        attributes: A 0, 1 or NaN for each image, by the attribute's name.
        label_column_given: Whether a person named the column of the labels.
        every: The image files of all splits.
        sheets: The files that describe them.
        notes: Sentences about what was guessed or left out.
    """

    files: tuple[Path, ...]
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    attributes: Mapping[str, list[float]] = field(default_factory=dict)
    label_column_given: bool = False
    every: tuple[Path, ...] = ()
    sheets: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def list_images(folder: Path, split: str, label: str | None) -> ImageListing:
    """What is in the folder for that split.

    Raises:
        InputError: The folder, its images, the split or the label column are not there, or a sheet
            names files that are not.
    """
    found = scan_image_folder(folder)
    if split not in found.splits:
        raise _make_missing_split_error(format_path(folder.name), split, found.splits)
    places = [folder, *(own.place for own in found.splits.values())]
    sheets = read_picture_sheets(folder, places, found.files)
    if sheets.rows:
        return _list_described_images(folder, split, found, sheets, label)
    if label is not None:
        raise InputError(
            f"Label column {label!r} was given, but {format_path(folder)} has no "
            f"{' or '.join(SHEET_FILES)}; one with a file_name column and that column is expected."
        )
    words = {
        name: tuple(_get_class_folder(file, own.place) for file in own.files)
        for name, own in found.splits.items()
    }
    return ImageListing(
        found.splits[split].files,
        words[split],
        collect_classes(word for own in words.values() for word in own),
        every=tuple(found.files),
        notes=(*found.notes, *_describe_nested_classes(found)),
    )


def find_image_splits(folder: Path) -> Mapping[str, ImageSplit]:
    """The splits of a folder, see `scan_image_folder`."""
    return scan_image_folder(folder).splits


def _get_class_folder(file: Path, place: Path) -> str:
    """The label of an image: the folder in which it lies; blank if in none."""
    first, *rest = file.relative_to(place).parts
    return format_path(first) if rest and first.lower() not in UNLABELLED_FOLDERS else ""


def _describe_nested_classes(found: ImageFolder) -> list[str]:
    """A note on folders in class folders."""
    each = (file.relative_to(own.place) for own in found.splits.values() for file in own.files)
    deep = (path for path in each if len(path.parts) > 2)
    first = next((p for p in deep if p.parts[0].lower() not in UNLABELLED_FOLDERS), None)
    if first is None:
        return []
    return [
        f"A picture in folders of a class folder has the class of the first: {format_path(first)} "
        f"is of class {format_path(first.parts[0])!r}."
    ]


def _make_missing_split_error(name: str, split: str, known: Iterable[str]) -> InputError:
    """Where the pictures of a split are expected, or which splits there are."""
    if split not in SPLITS:
        return unknown_name(f"{name} split", split, known)
    learned = "" if split == "train" else f", and those to learn from in {name}/train"
    return InputError(
        f"{name} has no {split} split, only {', '.join(known)}; pictures are expected in a folder "
        f"{name}/{split}{learned}."
    )


def _list_described_images(
    folder: Path, split: str, found: ImageFolder, sheets: PictureSheets, label: str | None
) -> ImageListing:
    """Images that a sheet describes; of an image that it does not name all is blank."""
    files, rows = found.splits[split].files, sheets.rows
    columns = sheets.columns
    sheet = sheets.files[0].name
    if label is not None and label not in columns:
        raise unknown_name(f"{sheet} column", label, columns)
    given = label is not None
    label = label or next((c for n in LABEL_COLUMNS for c in columns if c.lower() == n), None)

    def get_cells(column: str, chosen: Iterable[Path]) -> list[str]:
        return [rows.get(file, {}).get(column, "") for file in chosen]

    flags = {c: parse_flags(get_cells(c, rows)) for c in columns if c != label}
    kept = [c for c, values in flags.items() if values is not None]
    attributes = {c: parse_flags(get_cells(c, files)) or [float("nan")] * len(files) for c in kept}
    return ImageListing(
        files=files,
        labels=tuple(get_cells(label, files) if label else [""] * len(files)),
        classes=collect_classes(get_cells(label, rows) if label else []),
        attributes=attributes,
        label_column_given=given,
        every=tuple(found.files),
        sheets=sheets.files,
        notes=(*found.notes, *sheets.notes, *_describe_columns(folder, found, sheets, label, kept)),
    )


def _describe_columns(
    folder: Path, found: ImageFolder, sheets: PictureSheets, label: str | None, kept: Sequence[str]
) -> list[str]:
    """Notes on columns that are not used, and on pictures that no sheet names."""
    sheet, notes = sheets.files[0].name, []
    unused = [c for c in sheets.columns if c != label and c not in kept]
    if unused:
        notes.append(
            f"{sheet}: {', '.join(unused)} left out, being neither the label nor of 0 and 1 alone."
        )
    if label is None:
        notes.append(f"{sheet} has no column label, and none was named: no picture has a label.")
    unnamed = Tally()
    for file in found.files:
        if file not in sheets.rows:
            unnamed.add(format_path(file.relative_to(folder)))
    if unnamed.count:
        notes.append(
            unnamed.describe(
                f"{{first}} is not named in {sheet}: it has no label.",
                f"{{count}} pictures (the first: {{first}}) are not named in {sheet}: they have no "
                "label.",
            )
        )
    return notes
