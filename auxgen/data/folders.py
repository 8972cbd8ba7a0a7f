"""A person's folder of image files: which there are, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError, unknown_name
from .cells import MISSING_WORDS, count_cells
from .image_splits import SPLITS, UNLABELLED_FOLDERS, ImageFolder, ImageSplit, scan_image_folder
from .labels import (
    collect_classes,
    describe_alike_classes,
    list_doubtful_labels,
    read_label_texts,
)
from .sheets import LABEL_COLUMNS, SHEET_FILES, PictureSheets, parse_flags, read_picture_sheets
from .table_files import TABLE_SUFFIXES
from .walking import Tally, format_path, list_folders


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
    classes = collect_classes(word for own in words.values() for word in own)
    return ImageListing(
        found.splits[split].files,
        words[split],
        classes,
        every=tuple(found.files),
        notes=(
            *found.notes,
            *_describe_nested_classes(found),
            *describe_alike_classes(classes),
            *_describe_empty_folders(found),
            *_describe_unread_sheets(places),
        ),
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


def _describe_empty_folders(found: ImageFolder) -> Iterator[str]:
    """Notes on folders beside those of the classes in which no picture lies."""
    for own in found.splits.values():
        filled = {file.relative_to(own.place).parts[0] for file in own.files}
        folders = list_folders(own.place)
        if filled.isdisjoint(path.name for path in folders):
            continue
        for path in folders:
            if path.name not in filled:
                yield f"Folder {format_path(path.name)} has no pictures, and is no class."


def _describe_unread_sheets(places: Iterable[Path]) -> Iterator[str]:
    """Notes on tables beside the pictures that have another name than a sheet."""
    for place in dict.fromkeys(places):
        for path in sorted(place.iterdir()):
            if path.suffix.lower() in (*TABLE_SUFFIXES, ".jsonl"):
                yield (
                    f"{format_path(path.name)} is not read: a sheet that describes the pictures is "
                    "called metadata.csv or labels.csv."
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
    cells = get_cells(label, rows) if label else []
    words = dict(zip(rows, read_label_texts(cells, f"Column {label!r} of {sheet}"), strict=False))
    classes = collect_classes(words.values())
    attributes = {c: parse_flags(get_cells(c, files)) or [float("nan")] * len(files) for c in kept}
    return ImageListing(
        files=files,
        labels=tuple(words.get(file, "") for file in files),
        classes=classes,
        attributes=attributes,
        label_column_given=given,
        every=tuple(found.files),
        sheets=sheets.files,
        notes=(
            *found.notes,
            *sheets.notes,
            *_describe_columns(folder, found, sheets, label, kept),
            *_describe_cells(sheets, kept, list(words.values())),
            *describe_alike_classes(classes),
        ),
    )


def _describe_cells(
    sheets: PictureSheets, kept: Sequence[str], labels: Sequence[str]
) -> Iterator[str]:
    """Notes on words that may mean "unknown", among labels and attributes."""
    sheet = sheets.files[0].name
    for word in list_doubtful_labels(labels):
        yield (
            f"{labels.count(word)} of {len(labels)} pictures in {sheet} are labelled {word!r}, "
            "which is a class here: if it means unknown, leave these cells blank."
        )
    for column in kept:
        cells = [row.get(column, "") for row in sheets.rows.values()]
        words = [cell for cell in cells if cell.lower() in MISSING_WORDS]
        if words:
            listed = ", ".join(map(repr, sorted(set(words))))
            yield (
                f"Column {column!r} of {sheet}: {count_cells(len(words))} among answers taken as "
                f"blank: {listed}."
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
