"""Rows, codes, predictions and edits as files that other programs read."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import chain, count
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.columns import TableSchema
from ..data.inputs import IdColumn, InputRows
from ..errors import InputError
from ..files import write_file
from ..inference.editing import EditedRows
from ..inference.prediction import Predictions
from ..plotting.grids import write_grid, write_picture

if TYPE_CHECKING:
    from pandas import DataFrame

Cell = str | float
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
TABLE_FILE = "edits.csv"


def write_rows(rows: Tensor, path: Path, table: TableSchema | None = None) -> Path:
    """Write rows (n, d) as CSV: those of a table in its own columns, others in x0, x1, ..."""
    flat = rows.flatten(1)
    if table is not None:
        return write_frame(table.decode(flat.double().numpy()), path)
    return _write_csv(path, [f"x{i}" for i in range(flat.shape[1])], flat.tolist())


def write_frame(frame: DataFrame, path: Path) -> Path:
    """Write the rows of a table as CSV, numbers with all their digits."""
    cells = frame.to_numpy(dtype=object).tolist()
    lines = ([_format_whole(cell) for cell in line] for line in cells)
    return _write_csv(path, list(frame.columns), lines)


def write_cells(names: Sequence[str], cells: Sequence[Sequence[str]], path: Path) -> Path:
    """Write a table of texts, given column by column, as CSV."""
    return _write_csv(path, names, zip(*cells, strict=True))


def _format_whole(cell: Cell | None) -> str:
    """A cell with all digits of a number, and nothing for an unknown one."""
    return "" if cell is None else str(cell)


def write_codes(
    codes: Tensor,
    path: Path,
    *,
    names: Sequence[str],
    labels: Sequence[str] = (),
    ids: IdColumn | None = None,
) -> Path:
    """Write codes (n, d) with the names of their n rows, and their labels and ids if known.

    The columns of a .csv are name, the id's own, label, z0, z1, ...; arrays of an .npz codes, names
    and labels.

    Raises:
        InputError: The path has another ending.
    """
    if path.suffix == ".npz":
        z, sources, known = codes.numpy(), np.array(names, np.str_), np.array(labels, np.str_)
        return write_file(path, lambda out: np.savez(out, codes=z, names=sources, labels=known))
    if path.suffix != ".csv":
        raise InputError(f"Codes cannot be written as {path.name!r}; expected .csv or .npz.")
    firsts = {"name": names, **({ids.name: ids.cells} if ids else {})}
    firsts |= {"label": labels} if labels else {}
    header = [*firsts, *(f"z{i}" for i in range(codes.shape[1]))]
    rows = zip(*firsts.values(), codes.tolist(), strict=True)
    return _write_csv(path, header, ([*first, *row] for *first, row in rows))


def write_predictions(
    predictions: Predictions, path: Path, names: Sequence[str], ids: IdColumn | None = None
) -> Path:
    """Write a CSV file with name, class, its probability, that of each class, and the bound if any.

    The id of each row, if there is one, stands beside its name.

    Raises:
        InputError: The path has another ending.
    """
    if path.suffix != ".csv":
        raise InputError(f"Predictions cannot be written as {path.name!r}; expected .csv.")
    firsts = {"name": names, **({ids.name: ids.cells} if ids else {})}
    header = [*firsts, "class", "probability", *(f"p({c})" for c in predictions.classes)]
    values = predictions.probabilities
    if predictions.bounds is not None:
        header.append("bound")
        values = torch.cat((values, predictions.bounds.to(values)[:, None]), 1)
    numbers = torch.cat((predictions.confidence.to(values)[:, None], values), 1).tolist()
    lines = zip(*firsts.values(), predictions.names, numbers, strict=True)
    return _write_csv(path, header, ([*first, *row] for *first, row in lines))


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
    values = torch.stack(columns, 1).tolist()
    _write_csv(path, header, ([file, *row] for file, row in zip(files, values, strict=True)))


def _write_csv(path: Path, header: Sequence[str], lines: Iterable[Iterable[Cell]]) -> Path:
    """Write lines of words and numbers; of floats six digits, as many as float32 has.

    Words that a spreadsheet would run as a formula are escaped, and of names of files the bytes
    that are no text.
    """
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(map(escape_formula, header))
    writer.writerows(map(_format_cell, line) for line in lines)
    return write_file(path, text.getvalue().encode(errors="backslashreplace"))


def _format_cell(cell: Cell) -> str:
    return escape_formula(cell) if isinstance(cell, str) else f"{cell:.6g}"


def escape_formula(text: str) -> str:
    """A text that no spreadsheet runs: with an apostrophe before =, +, -, @, a tab or a return.

    Texts that are numbers stay as they are.
    """
    starts = text.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{text}" if starts and not _NUMBER.fullmatch(text) else text
