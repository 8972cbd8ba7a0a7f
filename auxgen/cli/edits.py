"""The files of an edit: a picture for each row, a page of all, and a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path, PurePath

import torch
from torch import Tensor

from ..data.inputs import InputRows
from ..inference.editing import EditedRows, Move
from ..plotting.grids import write_grid
from .tables import format_short

TRIPLETS_FILE = "triplets.png"
TABLE_FILE = "edits.csv"


def write_edits(folder: Path, rows: InputRows, edits: EditedRows, moves: Sequence[Move]) -> None:
    """All of them, into a folder that is made where it is not there.

    Args:
        folder: Where.
        rows: What was edited.
        edits: What became of it.
        moves: Moves.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = make_edit_file_names(rows.names)
    for name, picture in zip(files, edits.edited, strict=True):
        write_picture(picture, folder / name)
    each = torch.stack((rows.x, edits.reconstruction, edits.edited), 1)
    write_grid(each.flatten(0, 1), folder / TRIPLETS_FILE, 3 * min(3, len(each)))
    _write_edit_table(folder / TABLE_FILE, files, edits, moves)


def write_picture(picture: Tensor, file: Path) -> None:
    """One picture as it is, (c, h, w) with c 1 or 3, as PNG."""
    from PIL import Image

    pixels = picture.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    grey = pixels.shape[2] == 1
    Image.fromarray(pixels[:, :, 0] if grey else pixels).save(file, format="PNG")


def make_edit_file_names(sources: Sequence[str]) -> list[str]:
    """A file for each source, no two the same: "a/b.jpg" becomes "a-b.png".

    Row 3 of x.npy becomes "x-3.png".
    """
    found: list[str] = []
    taken = {TRIPLETS_FILE}
    for source in sources:
        file, _, row = source.rpartition(":") if ":" in source else (source, "", "")
        parts = PurePath(file or source).with_suffix("").parts
        stem = "-".join(p for p in (*parts, row) if p not in ("/", "..", ".", ""))
        name, again = f"{stem}.png", 1
        while name in taken:
            again += 1
            name = f"{stem}-{again}.png"
        taken.add(name)
        found.append(name)
    return found


def _write_edit_table(
    file: Path, files: Sequence[str], edits: EditedRows, moves: Sequence[Move]
) -> None:
    """Of each row and move the distance gone, and the model's probability before and after."""
    header = ["file"]
    for move in moves:
        name = move.attribute.name
        header += [f"distance of {name}", f"p({name}) before", f"p({name}) after"]
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        for i, name in enumerate(files):
            line = [name]
            for k, move in enumerate(moves):
                gone = move.delta * edits.distance_share[i].item()
                before, after = edits.before[i, k].item(), edits.after[i, k].item()
                line += [format_short(gone), format_short(before), format_short(after)]
            writer.writerow(line)
