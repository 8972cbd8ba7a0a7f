"""Rows, codes and predictions as files that other programs read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.inputs import IdColumn
from ..data.table_schema import TableSchema
from ..data.table_writing import check_table_file, write_table
from ..files import write_file
from ..inference.prediction import Predictions

if TYPE_CHECKING:
    from pandas import DataFrame


def write_rows(
    rows: Tensor, path: Path, table: TableSchema | None = None, labels: Sequence[str] = ()
) -> Path:
    """Write rows (n, d) as a table: those of a table in its own columns, others in x0, x1, ...

    Labels, if there are any, are the last column of a table's rows.
    """
    flat = rows.flatten(1)
    if table is None:
        return write_table(path, [f"x{i}" for i in range(flat.shape[1])], round_numbers(flat))
    frame = table.decode(flat.double().numpy())
    if labels and table.label:
        frame[table.label] = list(labels)
    return write_frame(frame, path)


def write_frame(frame: DataFrame, path: Path) -> Path:
    """Write the rows of a table, numbers with all their digits."""
    return write_table(path, list(frame.columns), frame.to_numpy(dtype=object).tolist())


def round_numbers(numbers: Tensor) -> list[list[float]]:
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
    rows = zip(*firsts.values(), round_numbers(codes), strict=True)
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
    numbers = round_numbers(torch.cat((predictions.confidence.to(values)[:, None], values), 1))
    lines = zip(*firsts.values(), predictions.names, numbers, strict=True)
    return write_table(path, header, ([*first, *row] for *first, row in lines))
