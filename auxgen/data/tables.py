"""Tables: the rows of a person's files as numbers, for training and for a trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from ..errors import InputError, list_first, unknown_name
from .cells import (
    RawTable,
    blank_out,
    find_blanks,
    is_name_by_place,
    list_texts,
    name_by_place,
    parse_answer,
    parse_numbers,
)
from .column_facts import find_column_facts
from .column_kinds import ColumnChoice, fit_schema
from .columns import Column
from .dataset import Dataset
from .hub import SPLIT_ALIASES
from .labels import (
    collect_classes,
    describe_alike_classes,
    list_doubtful_labels,
    map_labels_to_indices,
    read_label_texts,
)
from .sources import RowSource
from .storage import keep_array
from .table_files import TABLE_KINDS, TABLE_SUFFIXES, TEXT_SUFFIXES, TableFormat, read_table_file
from .table_schema import TableSchema


def read_table_split(file: Path, choice: ColumnChoice, form: TableFormat, split: str) -> Dataset:
    """A split of `user.load_table`, without a fingerprint; raises what that does."""
    files = find_table_files(file)
    if split not in files:
        raise unknown_name(f"{file.name} split", split, files)
    expected = () if choice.label is None else (choice.label,)
    filled = {s: _drop_blank_rows(read_table_file(f, form, expected)) for s, f in files.items()}
    sheets = {name: table for name, (table, _) in filled.items()}
    every = _concatenate_splits(file, sheets)
    schema, notes = fit_schema(every, choice, form.decimal)
    words, more = _read_labels(every, choice)
    classes = collect_classes(words)
    start = sum(len(t) for t in list(sheets.values())[: list(sheets).index(split)])
    own = slice(start, start + len(sheets[split]))
    cells = tuple(cells[own] for cells in every.columns)
    x = schema.encode_table(RawTable(every.source, every.names, cells)).x
    return Dataset(
        x=torch.from_numpy(x),
        y=map_labels_to_indices(words[own], classes),
        classes=classes,
        name=f"{file.stem}/{split}",
        fingerprint="",
        columns=schema.entry_names,
        table=schema,
        notes=(*every.notes, *notes, *more),
        column_facts=find_column_facts(every, schema),
        source=RowSource(files[split], torch.from_numpy(filled[split][1])),
    )


def find_table_files(file: Path) -> dict[str, Path]:
    """The files of a folder by split; a file is "train".

    Raises:
        InputError: There is none, or two of one split.
    """
    if file.is_dir():
        found: dict[str, Path] = {}
        for path in sorted(p for p in file.iterdir() if p.suffix.lower() in TABLE_SUFFIXES):
            other = found.setdefault(_find_split(path), path)
            if other != path:
                raise InputError(
                    f"{file} has the files {other.name} and {path.name}, which mean the same "
                    "split; one of them is expected."
                )
        if found:
            return found
    elif file.suffix.lower() in TABLE_SUFFIXES and file.is_file():
        return {"train": file}
    state = "has no such file" if file.is_dir() else "is none" if file.exists() else "is not there"
    raise InputError(f"A table ({TABLE_KINDS}) is expected; {file} {state}.")


def is_table(path: Path) -> bool:
    """Whether a path leads to a table: a file that ends as one, or a folder with train.csv."""
    if path.is_dir():
        files = (p for p in path.iterdir() if p.suffix.lower() in TABLE_SUFFIXES)
        return "train" in map(_find_split, files)
    return path.suffix.lower() in TABLE_SUFFIXES


def _find_split(file: Path) -> str:
    """The split that a file's name means."""
    return SPLIT_ALIASES.get(file.stem.lower(), file.stem.lower())


def _drop_blank_rows(table: RawTable) -> tuple[RawTable, np.ndarray]:
    """A table without rows of which every cell is blank, and the numbers of its rows from 1."""
    blank = reduce(np.logical_and, map(find_blanks, table.columns))
    numbers = np.arange(1, len(table) + 1)
    if not blank.any() or blank.all():
        return table, numbers
    note = f"{table.source}: {int(blank.sum())} rows are left out, all cells of which are blank."
    columns = tuple(cells[~blank] for cells in table.columns)
    return RawTable(table.source, table.names, columns, (*table.notes, note)), numbers[~blank]


def _concatenate_splits(file: Path, sheets: Mapping[str, RawTable]) -> RawTable:
    """The rows of all splits, so that texts and classes mean the same in each."""
    first, *others = sheets.values()
    for other in others:
        if set(other.names) != set(first.names):
            odd = sorted(set(other.names) ^ set(first.names))[0]
            has, lacks = (first, other) if odd in first.names else (other, first)
            raise InputError(
                f"Column {odd!r} is in {has.source} and not in {lacks.source} of {file}; the same "
                "columns are expected in all of its tables, the label blank where it is unknown."
            )
    if not others:
        return first
    columns, size = [], 8.0 * len(first.names) * sum(len(sheet) for sheet in sheets.values())
    for i, name in enumerate(first.names):
        parts = [first.columns[i], *(other[name] for other in others)]
        if len({part.dtype for part in parts}) > 1:
            parts = [np.array(list_texts(part), dtype=object) for part in parts]
        columns.append(keep_array(np.concatenate(parts), size))
    notes = dict.fromkeys(note for sheet in sheets.values() for note in sheet.notes)
    return RawTable(file.name, first.names, tuple(columns), tuple(notes))


def _read_labels(table: RawTable, choice: ColumnChoice) -> tuple[list[str], list[str]]:
    """The labels of rows as they are written, "" where blank, and what to tell of them.

    Raises:
        InputError: They are numbers with a fraction.
    """
    if choice.label is None:
        return [""] * len(table), []
    cells = blank_out(table[choice.label], choice.blank)
    texts = read_label_texts(list_texts(cells), f"Column {choice.label!r} of {table.source}")
    notes = [
        f"{texts.count(t)} of {len(texts)} rows are labelled {t!r}, which is a class here: if it "
        f"means unknown, say so by --blank {t!r}."
        for t in list_doubtful_labels(texts)
    ]
    return texts, [*notes, *describe_alike_classes(collect_classes(texts))]


class TableRows(NamedTuple):
    """Rows of a file for a trained model.

    Attributes:
        x: (n, d) float64, NaN where unknown.
        table: The file's cells.
        notes: What was guessed, one sentence each.
        file: The file.
    """

    x: np.ndarray
    table: RawTable
    notes: tuple[str, ...]
    file: Path


def read_table_rows(file: Path, schema: TableSchema, form: TableFormat | None = None) -> TableRows:
    """A file's rows as those of the table that a model learned from.

    Raises:
        InputError: The file cannot be read, or does not have the table's columns.
    """
    expected = [c.name for c in (*schema.numbers, *schema.categories)]
    table = _restore_first_row(read_table_file(file, form, expected), expected, file)
    known = {column.name for column in schema.columns}
    table = _restore_unnamed(_unescape_names(table, expected), expected, known)
    table = _split_texts(table, [column.name for column in schema.numbers])
    asked = form.decimal if form else None
    if asked:
        schema = replace(schema, decimal=asked)
    encoded = schema.encode_table(table)
    guessed = [encoded.decimal_note] if encoded.decimal_note and not asked else []
    return TableRows(encoded.x, table, (*encoded.notes, *guessed), file)


def _unescape_names(table: RawTable, expected: list[str]) -> RawTable:
    """A table with its own names of columns, where an apostrophe escapes a formula."""
    plain = ((name, name.removeprefix("'")) for name in table.names)
    names = tuple(own if own in expected and name not in expected else name for name, own in plain)
    return replace(table, names=names)


def _restore_unnamed(table: RawTable, expected: list[str], known: set[str]) -> RawTable:
    """A table whose one column without a name has that of training, where it had another place.

    Raises:
        InputError: Of several such columns it is not known which is which.
    """
    nameless = [i for i, name in enumerate(table.names) if name == name_by_place(i)]
    named = {n for i, n in enumerate(table.names) if n != name_by_place(i)}  # also "Unnamed: 0"
    own = [name for name in expected if is_name_by_place(name) and name not in named]
    moved = [i for i in nameless if table.names[i] not in known]
    gone = [name for name in known.difference(table.names) if is_name_by_place(name)]
    if not own or not gone or all(find_blanks(table.columns[i]).all() for i in moved):
        return table
    if len(nameless) > 1 or len(gone) > 1 or gone[0] not in own:
        raise InputError(
            f"{table.source} has columns without a name in other places than the table of "
            f"training: {list_first(repr(table.names[i]) for i in nameless)}, where "
            f"{list_first(map(repr, own))} {'is' if len(own) == 1 else 'are'} expected; give them "
            "names in both."
        )
    names = (*table.names[: moved[0]], gone[0], *table.names[moved[0] + 1 :])
    return replace(table, names=names)


def _restore_first_row(table: RawTable, expected: list[str], file: Path) -> RawTable:
    """A table of numbers in a file of text that has no header: its columns are taken by place."""
    if file.suffix.lower() not in TEXT_SUFFIXES or set(expected) & set(table.names):
        return table
    header = np.array(table.names, dtype=object)
    if len(header) != len(expected) or parse_numbers(header, ".").unread.any():
        return table
    first = zip(table.names, table.columns, strict=True)
    columns = tuple(np.concatenate((np.array([n], dtype=object), c)) for n, c in first)
    note = f"{file.name} has no header: its columns are taken to be {', '.join(expected)}."
    return RawTable(table.source, tuple(expected), columns, (*table.notes, note))


def make_old_schema(columns: Sequence[str]) -> TableSchema:
    """The schema of a model of version 0.1, which knows the names of a row's entries alone."""
    significant = 16  # more digits after the point than a number is rounded to: six in all
    return TableSchema(tuple(Column(name, "number", digits=significant) for name in columns))


def _split_texts(table: RawTable, columns: Sequence[str]) -> RawTable:
    """A file for a model of version 0.1: a column "colour" as 0 and 1 for each "colour=red"."""
    names, cells = list(table.names), list(table.columns)
    for name in columns:
        stem, _, text = name.partition("=")
        if name not in names and text and stem in names:
            names.append(name)
            same = [one == text for one in list_texts(table[stem])]
            cells.append(np.array(same, dtype=np.float64))
        elif name in names and cells[names.index(name)].dtype == object:
            answers = [parse_answer(one) for one in cells[names.index(name)]]
            if None not in answers:
                cells[names.index(name)] = np.array(answers, dtype=np.float64)
    return RawTable(table.source, tuple(names), tuple(cells), table.notes)
