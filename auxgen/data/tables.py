"""Tables: the rows of CSV and parquet files as numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import InputError, unknown_name
from .dataset import Dataset
from .hub import SPLIT_ALIASES
from .labels import collect_classes, format_label, map_labels_to_indices

if TYPE_CHECKING:
    from pandas import DataFrame

TABLE_SUFFIXES = (".csv", ".parquet")
MAX_TEXTS = 256
"""Different texts of a column that become columns of 0 and 1."""


def read_table_split(file: Path, label: str | None, split: str) -> Dataset:
    """A split of `user.load_table`, without a fingerprint; raises what that does."""
    files = find_table_files(file)
    if split not in files:
        raise unknown_name(f"{file.name} split", split, files)
    sheets = {s: _read_table_file(f) for s, f in files.items()}
    every = _concatenate_splits(file, sheets)
    if label is not None and label not in every:
        raise unknown_name(f"{file.name} column", label, [str(c) for c in every])
    words = [""] * len(every) if label is None else _parse_label_column(every[label], file)
    classes = collect_classes(words)
    x, columns = _encode_table(every.drop(columns=label) if label else every, file)
    start = sum(len(t) for t in list(sheets.values())[: list(sheets).index(split)])
    own = slice(start, start + len(sheets[split]))
    return Dataset(
        x=torch.from_numpy(x[own].copy()),
        y=map_labels_to_indices(words[own], classes),
        classes=classes,
        name=f"{file.stem}/{split}",
        fingerprint="",
        columns=columns,
    )


def find_table_files(file: Path) -> dict[str, Path]:
    """The files of a folder by split; a file is "train"."""
    if file.is_dir():
        found = [p for p in sorted(file.iterdir()) if p.suffix.lower() in TABLE_SUFFIXES]
        if found:
            return {SPLIT_ALIASES.get(p.stem.lower(), p.stem.lower()): p for p in found}
    elif file.suffix.lower() in TABLE_SUFFIXES and file.is_file():
        return {"train": file}
    state = "has no such file" if file.is_dir() else "is none" if file.exists() else "is not there"
    raise InputError(f"A CSV or parquet file is expected; {file} {state}.")


def _read_table_file(file: Path) -> DataFrame:
    """A file's rows."""
    import pandas

    parquet = file.suffix.lower() == ".parquet"
    try:
        table = (
            pandas.read_parquet(file) if parquet else pandas.read_csv(file, skipinitialspace=True)
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(
            f"{file} cannot be read ({reason}); a table with a header is expected."
        ) from error
    if table.empty:
        raise InputError(f"{file} has no rows; one or more is expected.")
    return table


def _concatenate_splits(file: Path, sheets: dict[str, DataFrame]) -> DataFrame:
    """The rows of all splits, so that texts and classes mean the same in each."""
    import pandas

    first, *others = sheets.values()
    for other in others:
        if set(other.columns) != set(first.columns):
            odd = sorted(map(str, set(other.columns) ^ set(first.columns)))[0]
            raise InputError(
                f"Column {odd!r} is not in every file of {file}; the same columns are expected."
            )
    return pandas.concat(list(sheets.values()), ignore_index=True)


def _parse_label_column(column: Any, file: Path) -> list[str]:
    """The labels of a column as words, "" where blank; a number with a fraction is refused."""
    values = column.astype(object).where(column.notna(), None).tolist()
    try:
        return ["-1" if v == -1 else format_label(v) for v in values]
    except InputError as error:
        raise InputError(f"Column {column.name!r} of {file.name}: {error}") from error


def _encode_table(table: DataFrame, file: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """All columns as float32 (n, d), and their names; each cell must be finite."""
    named: dict[str, np.ndarray] = {}
    for name in table:
        named |= _encode_column(str(name), table[name], file)
    if not named:
        raise InputError(f"{file.name} has no columns beside the label; one or more is expected.")
    with np.errstate(over="ignore"):
        x = np.stack(list(named.values()), 1).astype(np.float32)
    bad = ~np.isfinite(x)
    if bad.any():
        row, place = np.argwhere(bad)[0]
        raise InputError(
            f"{file.name} has {int(bad.sum())} blank, NaN or infinite cells, the first in row "
            f"{int(row) + 1}, column {list(named)[place]!r}; numbers are expected."
        )
    return x, tuple(named)


def _encode_column(name: str, column: Any, file: Path) -> dict[str, np.ndarray]:
    """A column of numbers as it is, of texts as one column of 0 and 1 for each text."""
    if column.dtype.kind in "biuf" or column.isna().all():
        return {name: column.to_numpy(dtype=np.float64, na_value=np.nan)}
    if column.isna().any():
        row = int(np.argmax(column.isna().to_numpy()))
        raise InputError(
            f"{file.name} has {int(column.isna().sum())} blank cells in column {name!r}, the first "
            f"in row {row + 1}; a text in each is expected."
        )
    texts = column.astype(str)
    _check_texts(name, texts, column.dtype.kind, file)
    return {f"{name}={t}": (texts == t).to_numpy(dtype=np.float64) for t in collect_classes(texts)}


def _check_texts(name: str, texts: Any, kind: str, file: Path) -> None:
    """Raises if texts are numbers with a slip among them, too many to be categories, or times."""
    import pandas

    parsed = np.isfinite(np.asarray(pandas.to_numeric(texts, errors="coerce"), dtype=float))
    if parsed.mean() > 0.5 and not parsed.all():
        row = int(np.argmin(parsed))
        raise InputError(
            f"Column {name!r} of {file.name} holds numbers, but {texts.iloc[row]!r} in row "
            f"{row + 1}; numbers alone are expected."
        )
    if kind in "mM" or texts.nunique() > MAX_TEXTS:
        what = "times" if kind in "mM" else f"{texts.nunique()} different texts"
        raise InputError(
            f"Column {name!r} of {file.name} holds {what}; numbers, or {MAX_TEXTS} texts at most, "
            "are expected: drop it."
        )
