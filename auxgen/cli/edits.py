"""auxgen edit, and the files that it writes: photographs or rows, a table of distances, a page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain, count
from pathlib import Path, PurePath
from typing import NamedTuple

import torch
from PIL import Image, ImageOps
from torch import Tensor

from ..data.decoding import EncodedPicture, convert_to_pixels, load_upright, open_picture
from ..data.frame import Frame
from ..data.images import load_images_in_frame
from ..data.inputs import InputRows
from ..data.photographs import edit_photograph
from ..data.survey import describe_oddity
from ..data.table_writing import write_table
from ..errors import InputError
from ..files import write_file
from ..inference import moves
from ..inference.editing import EditedRows
from ..model import Model
from ..plotting.grids import draw_picture, write_grid, write_picture
from ..terminal import print_notes
from .loading import load_model_and_rows, refuse_overwriting
from .options import take_options
from .tables import round_numbers

TABLE_FILE = "edits.csv"
PAGE_ROWS = 60
"""Photographs that the page shows, at most."""
TILE_SIDE = 224
"""Side in pixels of a photograph on the page."""


@take_options(load_model_and_rows)
def edit_command(
    model: Model,
    rows: InputRows,
    /,
    *,
    attribute: tuple[str, ...],
    out: Path,
    until: float | None = None,
    keep: tuple[str, ...] = (),
    by: str | None = None,
    probe: str | None = None,
    means: bool = False,
    strength: float = 1.0,
    reconstruction: bool = False,
    seed: int = 0,
) -> None:
    """Add attributes to images, or take them away.

    Each image is written whole, at its own size: where the model's frame lies in it, the difference
    is added between what the model decodes after and before the edit.

    Args:
        attribute: Names with distances, such as Eyeglasses=+3 Smiling=-1; the prior's codes have
            standard deviation 1 in every direction.
        out: Folder to write: a PNG file for each, upright, grey, with 16 bits or transparency as
            the image was, without metadata but for the colour profile; and edits.csv (distances,
            and the model's probabilities before and after). Beside it OUT-triplets.png (original,
            edited, and what was added; of reconstructions original, reconstruction, edited).
        until: Probability, such as 0.95, at which to stop on the way, of the edited image.
        keep: Attributes that must stay as they are: their directions are projected out.
        by: Image set or folder with the attributes to keep as columns: directions are turned to
            where these change least in what the model decodes, measured on its training rows.
        probe: Image set or folder with attributes, to which directions are fitted for a model that
            has none of its own.
        means: With --probe, go from the mean code of images without an attribute to that of images
            with it, and not along a linear probe; what is added is the mean difference of these
            images, and a part of what the model sees in this one alone.
        strength: Multiplier of the difference that is added; 0 gives the image back, unchanged.
        reconstruction: Write what the model decodes, at its own size, and not the image with the
            difference.
        seed: Seed of the draws, if the model makes any.
    """
    if model.space.kind != "images":
        raise InputError(f"{model.name} sees {model.space.kind}; expected a model of images.")
    load_images = partial(load_images_in_frame, space=model.space)
    edits = model.edit(
        rows.x,
        moves.parse_distances(attribute),
        target_probability=until,
        keep=keep,
        by=None if by is None else load_images(by),
        probe=None if probe is None else load_images(probe),
        means=means,
        strength=strength,
        reconstruction=reconstruction,
        seed=seed,
    )
    written = write_edits(out, rows, edits, model.space.frame)
    print_notes(written.notes)
    if edits.reached is not None and not edits.reached.all():
        missed = int((~edits.reached).sum())
        print(f"{missed} of {len(edits.reached)} do not reach {until:g} even at the full distance")
    print(out)
    print(written.page)


class WrittenEdits(NamedTuple):
    """The page, and notes on photographs that could not be written as they are."""

    page: Path
    notes: tuple[str, ...]


def write_edits(
    folder: Path, rows: InputRows, edits: EditedRows, frame: Frame | None = None
) -> WrittenEdits:
    """Write a picture of each edited row and a table into a folder; and a page beside it.

    A row of a photograph is written as the whole photograph with what was added to the row. The
    page is no picture of the folder, so that the folder can be compared and learned from as it is.

    Args:
        folder: Where to write.
        rows: The rows that were edited.
        edits: The edits.
        frame: How photographs became rows; None where it is not known.

    Raises:
        InputError: A file would be written over one that was read.
    """
    files = [folder / name for name in make_edit_file_names(rows.names)]
    photographs = rows.photographs if edits.added is not None else ()
    page = folder.resolve().with_name(f"{folder.resolve().name}-triplets.png")
    refuse_overwriting((*files, page), rows.files)
    folder.mkdir(parents=True, exist_ok=True)
    oddities: dict[str, list[str]] = {}
    for i, file in enumerate(files):
        photograph = photographs[i] if photographs else None
        if edits.added is None or photograph is None:
            write_picture(edits.edited[i], file)
            continue
        edited = edit_photograph(photograph, edits.added[i], frame)
        _write_png(edited.image, file)
        for kind in edited.oddities:
            oddities.setdefault(kind, []).append(photograph.name)
    _write_edit_table(folder / TABLE_FILE, files, edits)
    tiles = _make_tiles(rows, edits, files, frame)
    write_grid(tiles.flatten(0, 1), page, 3 * min(3, len(tiles)))
    notes = (describe_oddity(kind, len(all), all[0]) for kind, all in oddities.items())
    return WrittenEdits(page, tuple(notes))


def _write_png(image: Image.Image, file: Path) -> None:
    profile = image.info.get("icc_profile")
    write_file(file, lambda out: image.save(out, format="PNG", icc_profile=profile))


def _make_tiles(
    rows: InputRows, edits: EditedRows, files: Sequence[Path], frame: Frame | None
) -> Tensor:
    """The pictures of the page, (n, 3, c, h, w).

    They are original, edited picture and what was added, grey where that is nothing; of edited
    reconstructions original, reconstruction and edited.
    """
    if edits.added is None:
        return torch.stack((rows.x, edits.reconstruction, edits.edited), 1)
    changes = 0.5 + edits.added
    if not rows.photographs:
        return torch.stack((rows.x, edits.edited, changes), 1)
    tiles = []
    for i, photograph in list(enumerate(rows.photographs))[:PAGE_ROWS]:
        original, edited = (
            (draw_picture(rows.x[i]), draw_picture(edits.edited[i]))
            if photograph is None
            else (_open_whole(path, frame) for path in (photograph.file, files[i]))
        )
        shown = original, edited, draw_picture(changes[i])
        tiles.append(torch.stack([_make_square(image) for image in shown]))
    return torch.stack(tiles)


def _open_whole(file: Path, frame: Frame | None) -> Image.Image:
    """A picture, upright, in 8 bits."""
    with open_picture(EncodedPicture(file.name, file)) as image:
        return load_upright(image, 3, frame or Frame())


def _make_square(image: Image.Image) -> Tensor:
    """A picture in the middle of a white square: -> (3, TILE_SIDE, TILE_SIDE)."""
    side = (TILE_SIDE, TILE_SIDE)
    square = ImageOps.pad(image.convert("RGB"), side, Image.Resampling.LANCZOS, "white")
    return torch.from_numpy(convert_to_pixels(square).copy()) / 255.0


def make_edit_file_names(sources: Sequence[str]) -> list[str]:
    """A file name for each source, all different: "a-b.png" for "a/b.jpg".

    The name for row 3 of x.npy is "x-3.png".
    """
    names: list[str] = []
    taken: set[str] = set()
    for source in sources:
        file, _, row = source.rpartition(":") if ":" in source else (source, "", "")
        parts = PurePath(file or source).with_suffix("").parts
        stem = "-".join(p for p in (*parts, row) if p not in ("/", "..", ".", ""))
        others = (f"{stem}-{i}.png" for i in count(2))
        names.append(next(n for n in chain([f"{stem}.png"], others) if n not in taken))
        taken.add(names[-1])
    return names


def _write_edit_table(path: Path, files: Sequence[Path], edits: EditedRows) -> None:
    """For each row and move, the distance moved, and the model's probability before and after."""
    header, columns = ["file"], []
    for k, move in enumerate(edits.moves):
        name = move.attribute.name
        header += [f"distance of {name}", f"p({name}) before", f"p({name}) after"]
        distance = move.delta * edits.distance_share.double()
        columns += [distance, edits.before[:, k].double(), edits.after[:, k].double()]
    values = round_numbers(torch.stack(columns, 1))
    write_table(path, header, ([file.name, *row] for file, row in zip(files, values, strict=True)))
