"""A person's folder of image files: which there are, and what is known of them."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError, unknown_name
from .hub import SPLIT_ALIASES
from .labels import collect_classes

IMAGE_FILE_SUFFIXES = frozenset(
    f".{s}"
    for s in ("png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm")
)
METADATA_FILE = "metadata.csv"
UNLABELLED_FOLDERS = frozenset({"unlabelled", "unlabeled"})
"""Class folders of these names hold images without a label."""
FLAG_VALUES = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0, "": float("nan")}
"""The cells of an attribute."""


@dataclass(frozen=True)
class ImageListing:
    """The images of a split.

    Attributes:
        files: n image files.
        labels: A word for each, "" where it is blank.
        classes: The classes of all splits together.
        attributes: A 0, 1 or NaN for each image, by the attribute's name.
        label_column_given: Whether a person named the column of the labels.
    """

    files: tuple[Path, ...]
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    attributes: Mapping[str, list[float]] = field(default_factory=dict)
    label_column_given: bool = False


def list_images(folder: Path, split: str, label: str | None) -> ImageListing:
    """What is in the folder for that split.

    Raises:
        InputError: The folder, its images, the split or the label column are not there, or
            metadata.csv names files that are not.
    """
    parts = find_image_splits(folder)
    if split not in parts:
        raise unknown_name(f"{folder.name} split", split, parts)
    rows = _read_all_metadata(folder, parts)
    if rows:
        return _list_described_images(parts[split][1], rows, label)
    if label is not None:
        raise InputError(
            f"Label column {label!r} was given, but {folder} has no {METADATA_FILE}; "
            "one with a file_name column and that column is expected."
        )
    words = {s: [_get_class_folder(p, place) for p in files] for s, (place, files) in parts.items()}
    classes = collect_classes(w for own in words.values() for w in own)
    return ImageListing(tuple(parts[split][1]), tuple(words[split]), classes)


def find_image_splits(folder: Path) -> dict[str, tuple[Path, list[Path]]]:
    """The folder and the image files of every split; all is "train" where no folder is so named.

    Raises:
        InputError: There is no folder, or no image in it.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; a folder with images is expected.")
    below = [p for p in sorted(folder.iterdir()) if p.is_dir()]
    named = {SPLIT_ALIASES.get(p.name.lower(), p.name.lower()): p for p in below}
    places = {s: p for s, p in named.items() if s in ("train", "test", "valid")}
    found = {s: (p, list(find_image_files(p))) for s, p in (places or {"train": folder}).items()}
    empty = next((place for place, files in found.values() if not files), None)
    if empty is not None:
        raise InputError(f"Folder {empty} has no images; PNG, JPEG or WebP files are expected.")
    return found


def find_image_files(folder: Path) -> Iterator[Path]:
    """The image files below, in order, but hidden ones."""
    for path in sorted(folder.rglob("*")):
        hidden = any(p.startswith((".", "__")) for p in path.relative_to(folder).parts)
        if path.suffix.lower() in IMAGE_FILE_SUFFIXES and path.is_file() and not hidden:
            yield path


def _get_class_folder(file: Path, place: Path) -> str:
    """The label of an image: the folder in which it lies; blank if in none."""
    first, *rest = file.relative_to(place).parts
    return first if rest and first.lower() not in UNLABELLED_FOLDERS else ""


def _read_all_metadata(
    folder: Path, parts: dict[str, tuple[Path, list[Path]]]
) -> dict[Path, dict[str, str]]:
    """The rows of all metadata.csv, by the image file; empty where there is none."""
    places = dict.fromkeys([folder, *(place for place, _ in parts.values())])
    known = {f for _, files in parts.values() for f in files}
    rows: dict[Path, dict[str, str]] = {}
    for sheet in (p / METADATA_FILE for p in places if (p / METADATA_FILE).is_file()):
        own = list(_read_metadata_file(sheet))
        missing = [r["file_name"] for r in own if sheet.parent / r["file_name"] not in known]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise InputError(
                f"{sheet} names {missing[0]!r}{more}, where no image is; "
                "images below its folder are expected."
            )
        rows |= {sheet.parent / r["file_name"]: r for r in own}
    return rows


def _read_metadata_file(sheet: Path) -> Iterator[dict[str, str]]:
    """The rows of a metadata.csv, cells stripped."""
    with sheet.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        if "file_name" not in (reader.fieldnames or ()):
            raise InputError(
                f"{sheet} has the columns {', '.join(reader.fieldnames or ['(none)'])}; "
                "a column file_name is expected."
            )
        for row in reader:
            yield {k: (v or "").strip() for k, v in row.items() if isinstance(k, str)}


def _list_described_images(
    files: list[Path], rows: Mapping[Path, Mapping[str, str]], label: str | None
) -> ImageListing:
    """Files that metadata.csv describes; of an image that it does not name all is blank."""
    columns = list(dict.fromkeys(c for row in rows.values() for c in row if c != "file_name"))
    if label is not None and label not in columns:
        raise unknown_name(f"{METADATA_FILE} column", label, columns)
    given = label is not None
    label = label or ("label" if "label" in columns else None)

    def get_cells(column: str, chosen: Iterable[Path]) -> list[str]:
        return [rows.get(file, {}).get(column, "") for file in chosen]

    flags = [c for c in columns if c != label and _is_flag_column(get_cells(c, rows))]
    return ImageListing(
        files=tuple(files),
        labels=tuple(get_cells(label, files) if label else [""] * len(files)),
        classes=collect_classes(get_cells(label, rows) if label else []),
        attributes={c: [FLAG_VALUES[v.lower()] for v in get_cells(c, files)] for c in flags},
        label_column_given=given,
    )


def _is_flag_column(cells: list[str]) -> bool:
    """Whether a column is an attribute: 0, 1, true, false or blank, and not all blank."""
    return any(cells) and all(c.lower() in FLAG_VALUES for c in cells)
