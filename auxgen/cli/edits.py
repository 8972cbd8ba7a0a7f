"""The files that `edit` writes: photographs or rows, a table of distances, and a page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path, PurePath
from typing import NamedTuple

import torch
from PIL import Image, ImageOps
from torch import Tensor

from ..data.decoding import EncodedPicture, convert_to_pixels, load_upright, open_picture
from ..data.frame import Frame
from ..data.inputs import InputRows
from ..data.photographs import Photograph, edit_photograph
from ..data.survey import describe_oddity
from ..data.table_writing import write_table
from ..errors import InputError
from ..files import write_file
from ..inference.editing import EditedRows
from ..plotting.grids import draw_picture, write_grid, write_picture
from .tables import round_numbers

TABLE_FILE = "edits.csv"
PAGE_ROWS = 60
"""Photographs that the page shows, at most."""
TILE_SIDE = 224
"""Side in pixels of a photograph on the page."""


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
        InputError: A picture would be written over one of the photographs.
    """
    files = [folder / name for name in make_edit_file_names(rows.names)]
    photographs = rows.photographs if edits.added is not None else ()
    _refuse_overwriting(files, photographs)
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
    page = folder.resolve().with_name(f"{folder.resolve().name}-triplets.png")
    tiles = _make_tiles(rows, edits, files, frame)
    write_grid(tiles.flatten(0, 1), page, 3 * min(3, len(tiles)))
    notes = (describe_oddity(kind, len(all), all[0]) for kind, all in oddities.items())
    return WrittenEdits(page, tuple(notes))


def _refuse_overwriting(files: Sequence[Path], photographs: Sequence[Photograph | None]) -> None:
    """Raises if a file is one of the photographs."""
    read = {photograph.file.resolve() for photograph in photographs if photograph}
    for file in files:
        if file.resolve() in read:
            raise InputError(
                f"{file} would be written over the photograph itself; another --out is expected."
            )


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
