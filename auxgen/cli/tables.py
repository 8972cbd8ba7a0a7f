"""Rows, codes and predictions as files that other programs read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..inference.prediction import Predictions


def write_rows(rows: Tensor, path: Path, columns: Sequence[str] = ()) -> Path:
    """Rows (n, d) as CSV with a header; columns are named x0, x1, ... where none are given."""
    flat = rows.flatten(1)
    header = list(columns) or [f"x{i}" for i in range(flat.shape[1])]
    return _write_csv(path, header, ([format_short(v) for v in row] for row in flat.tolist()))


def write_codes(
    codes: Tensor, path: Path, *, names: Sequence[str], labels: Sequence[str] = ()
) -> Path:
    """Codes (n, d) with the names of their rows, and their labels where known.

    Args:
        codes: (n, d).
        path: Ends in .csv (columns name, label, z0, z1, ...) or .npz (arrays codes, names, labels).
        names: Of the n rows.
        labels: Of the n rows, or none.

    Raises:
        InputError: Another ending.
    """
    if path.suffix == ".npz":
        path.parent.mkdir(parents=True, exist_ok=True)
        labelled = np.array(list(labels), dtype=np.str_)
        np.savez(path, codes=codes.numpy(), names=np.array(list(names), np.str_), labels=labelled)
        return path
    if path.suffix != ".csv":
        raise InputError(f"Codes cannot be written as {path.name!r}; wanted is .csv or .npz.")
    header = ["name", *(["label"] if labels else []), *(f"z{i}" for i in range(codes.shape[1]))]
    known = [[name, label] for name, label in zip(names, labels, strict=True)] if labels else None
    firsts = known or [[name] for name in names]
    values = codes.tolist()
    lines = ([*f, *map(format_short, v)] for f, v in zip(firsts, values, strict=True))
    return _write_csv(path, header, lines)


def write_predictions(predictions: Predictions, path: Path, names: Sequence[str]) -> Path:
    """CSV: name of the row, class, its probability, that of each class, and its bound where there.

    Raises:
        InputError: The file's name ends otherwise.
    """
    if path.suffix != ".csv":
        raise InputError(f"Predictions cannot be written as {path.name!r}; wanted is .csv.")
    header = ["name", "class", "probability", *(f"p({c})" for c in predictions.classes)]
    values = predictions.probabilities
    if predictions.bounds is not None:
        header.append("bound")
        values = torch.cat((values, predictions.bounds.to(values)[:, None]), 1)
    each = zip(
        names, predictions.names, predictions.confidence.tolist(), values.tolist(), strict=True
    )
    return _write_csv(
        path, header, ([n, c, format_short(p), *map(format_short, ps)] for n, c, p, ps in each)
    )


def format_short(value: float) -> str:
    """A number with the six digits that float32 can vouch for."""
    return f"{value:.6g}"


def _write_csv(path: Path, header: Sequence[str], lines: Iterable[Sequence[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)
    return path
