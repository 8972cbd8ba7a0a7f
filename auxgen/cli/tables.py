"""Rows, codes, predictions and edits as files that other programs read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.columns import TableSchema
from ..data.inputs import IdColumn, InputRows
from ..data.table_writing import check_table_file, write_table
from ..files import write_file
from ..inference.editing import EditedRows
from ..inference.prediction import Predictions
from ..plotting.grids import write_grid, write_picture

if TYPE_CHECKING:
    from pandas import DataFrame

TABLE_FILE = "edits.csv"


def write_rows(
    rows: Tensor, path: Path, table: TableSchema | None = None, labels: Sequence[str] = ()
) -> Path:
    """Write rows (n, d) as a table: those of a table in its own columns, others in x0, x1, ...

    Labels, if there are any, are the last column of a table's rows.
    """
    flat = rows.flatten(1)
    if table is None:
        return write_table(path, [f"x{i}" for i in range(flat.shape[1])], _round(flat))
    frame = table.decode(flat.double().numpy())
    if labels and table.label:
        frame[table.label] = list(labels)
    return write_frame(frame, path)


def write_frame(frame: DataFrame, path: Path) -> Path:
    """Write the rows of a table, numbers with all their digits."""
    return write_table(path, list(frame.columns), frame.to_numpy(dtype=object).tolist())


def _round(numbers: Tensor) -> list[list[float]]:
    """Numbers with six digits, as many as float32 has."""
    return [[float(f"{number:.6g}") for number in row] for row in numbers.tolist()]


def write_codes(
    codes: Tensor,
    path: Path,
    *,
    names: Sequence[str],
    labels: Sequence[str] = (),
    ids: IdColumn | None = None,
) -> Path:
    """Write codes (n, d) with the names of their n rows, and their labels and ids if known.

    The columns of a table are name, the id's own, label, z0, z1, ...; arrays of an .npz codes,
    names and labels.

    Raises:
        InputError: The path has another ending.
    """
    if path.suffix == ".npz":
        z, sources, known = codes.numpy(), np.array(names, np.str_), np.array(labels, np.str_)
        return write_file(path, lambda out: np.savez(out, codes=z, names=sources, labels=known))
    check_table_file(path, ".npz")
    firsts = {"name": names, **({ids.name: ids.cells} if ids else {})}
    firsts |= {"label": labels} if labels else {}
    header = [*firsts, *(f"z{i}" for i in range(codes.shape[1]))]
    rows = zip(*firsts.values(), _round(codes), strict=True)
    return write_table(path, header, ([*first, *row] for *first, row in rows))


def write_predictions(
    predictions: Predictions, path: Path, names: Sequence[str], ids: IdColumn | None = None
) -> Path:
    """Write a table of name, class, its probability, that of each class, and the bound if any.

    The id of each row, if there is one, stands beside its name.

    Raises:
        InputError: The path has another ending.
    """
    firsts = {"name": names, **({ids.name: ids.cells} if ids else {})}
    header = [*firsts, "class", "probability", *(f"p({c})" for c in predictions.classes)]
    values = predictions.probabilities
    if predictions.bounds is not None:
        header.append("bound")
        values = torch.cat((values, predictions.bounds.to(values)[:, None]), 1)
    numbers = _round(torch.cat((predictions.confidence.to(values)[:, None], values), 1))
    lines = zip(*firsts.values(), predictions.names, numbers, strict=True)
    return write_table(path, header, ([*first, *row] for *first, row in lines))


def write_edits(folder: Path, rows: InputRows, edits: EditedRows) -> Path:
    """Write a picture of each edited row and a table into a folder; and a page beside it.

    The page has original, reconstruction and edited picture of each row. It is no picture of the
    folder, so that the folder can be compared and learned from as it is.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = make_edit_file_names(rows.names)
    for name, picture in zip(files, edits.edited, strict=True):
        write_picture(picture, folder / name)
    triplets = torch.stack((rows.x, edits.reconstruction, edits.edited), 1)
    _write_edit_table(folder / TABLE_FILE, files, edits)
    page = folder.resolve().with_name(f"{folder.resolve().name}-triplets.png")
    return write_grid(triplets.flatten(0, 1), page, 3 * min(3, len(triplets)))


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


def _write_edit_table(path: Path, files: Sequence[str], edits: EditedRows) -> None:
    """For each row and move, the distance moved, and the model's probability before and after."""
    header, columns = ["file"], []
    for k, move in enumerate(edits.moves):
        name = move.attribute.name
        header += [f"distance of {name}", f"p({name}) before", f"p({name}) after"]
        distance = move.delta * edits.distance_share.double()
        columns += [distance, edits.before[:, k].double(), edits.after[:, k].double()]
    values = _round(torch.stack(columns, 1))
    write_table(path, header, ([file, *row] for file, row in zip(files, values, strict=True)))
