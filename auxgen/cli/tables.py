"""Rows, codes, predictions and edits as files that other programs read."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import chain, count
from pathlib import Path, PurePath

import numpy as np
import torch
from torch import Tensor

from ..data.inputs import InputRows
from ..errors import InputError
from ..files import write_file
from ..inference.editing import EditedRows
from ..inference.prediction import Predictions
from ..plotting.grids import write_grid, write_picture

TABLE_FILE = "edits.csv"


def write_rows(rows: Tensor, path: Path, columns: Sequence[str] = ()) -> Path:
    """Write rows (n, d) as CSV with a header; without names, columns are called x0, x1, ..."""
    flat = rows.flatten(1)
    header = list(columns) or [f"x{i}" for i in range(flat.shape[1])]
    return _write_csv(path, header, flat.tolist())


def write_codes(
    codes: Tensor, path: Path, *, names: Sequence[str], labels: Sequence[str] = ()
) -> Path:
    """Write codes (n, d) with the names of their n rows, and their labels if known.

    The columns of a .csv are name, label, z0, z1, ...; arrays of an .npz codes, names and labels.

    Raises:
        InputError: The path has another ending.
    """
    if path.suffix == ".npz":
        z, sources, known = codes.numpy(), np.array(names, np.str_), np.array(labels, np.str_)
        return write_file(path, lambda out: np.savez(out, codes=z, names=sources, labels=known))
    if path.suffix != ".csv":
        raise InputError(f"Codes cannot be written as {path.name!r}; expected .csv or .npz.")
    header = ["name", *(["label"] if labels else []), *(f"z{i}" for i in range(codes.shape[1]))]
    firsts = zip(names, labels, strict=True) if labels else zip(names)
    lines = ([*first, *row] for first, row in zip(firsts, codes.tolist(), strict=True))
    return _write_csv(path, header, lines)


def write_predictions(predictions: Predictions, path: Path, names: Sequence[str]) -> Path:
    """Write a CSV file with name, class, its probability, that of each class, and the bound if any.

    Raises:
        InputError: The path has another ending.
    """
    if path.suffix != ".csv":
        raise InputError(f"Predictions cannot be written as {path.name!r}; expected .csv.")
    header = ["name", "class", "probability", *(f"p({c})" for c in predictions.classes)]
    values = predictions.probabilities
    if predictions.bounds is not None:
        header.append("bound")
        values = torch.cat((values, predictions.bounds.to(values)[:, None]), 1)
    numbers = torch.cat((predictions.confidence.to(values)[:, None], values), 1).tolist()
    lines = zip(names, predictions.names, numbers, strict=True)
    return _write_csv(path, header, ([name, label, *row] for name, label, row in lines))


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


def _write_csv(path: Path, header: Sequence[str], lines: Iterable[Iterable[str | float]]) -> Path:
    """Write lines of words and numbers; numbers have six digits, as many as float32 has."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([c if isinstance(c, str) else f"{c:.6g}" for c in line] for line in lines)
    return write_file(path, text.getvalue().encode())
