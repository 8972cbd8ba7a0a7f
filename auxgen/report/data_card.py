"""What a run was trained on, as its run.json keeps it, for the page of a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, list_first

MAX_COLUMNS = 40
"""Columns of a table of which the page has a line each; run.json has all."""


@dataclass(frozen=True)
class ColumnTable:
    """What became of the columns of a table's file.

    Attributes:
        title: The splits that have these columns.
        summary: How many columns there are of each kind.
        rows: Name, kind, blank cells and more of each column, of the first ones where there are
            many.
        more: Columns that have no row here.
    """

    title: str
    summary: str
    rows: list[tuple[str, str, int, str]]
    more: int


@dataclass(frozen=True)
class DataCard:
    """The data of a run.

    Attributes:
        splits: Lines by split.
        warnings: What makes the scores unsure.
        notes: What was guessed when the data was read, each sentence once.
        rounds: Rounds of each stage, passes over its rows, and what ended it, in words.
        tables: What became of the columns of tables.
        training_rows: Rows to learn from, and how many of them have a label.
    """

    splits: dict[str, list[str]]
    warnings: list[str]
    notes: list[str]
    rounds: dict[str, str]
    tables: list[ColumnTable]
    training_rows: tuple[int, int]


def parse_data_card(facts: Mapping[str, Any], file: Path) -> DataCard:
    """What a run.json tells of the data.

    Raises:
        InputError: It is malformed.
    """
    try:
        splits = {str(name): _list_data_lines(data) for name, data in facts["datasets"].items()}
        warnings = [str(warning) for warning in facts.get("warnings", [])]
        rounds = {
            str(stage): _describe_rounds(str(stage), int(n), facts)
            for stage, n in facts.get("rounds", {}).items()
        }
        notes = [str(note) for data in facts["datasets"].values() for note in data["notes"]]
        tables = _list_column_tables(facts["datasets"])
        train = [d for name, d in facts["datasets"].items() if name.rpartition("/")[2] == "train"]
        counts = [(int(d["rows"]), sum(map(int, d["labelled"].values()))) for d in train]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{str(file)!r} is malformed; expected datasets with rows, shape and labels."
        ) from error
    training_rows = counts[-1] if counts else (0, 0)
    return DataCard(splits, warnings, list(dict.fromkeys(notes)), rounds, tables, training_rows)


def _describe_rounds(stage: str, rounds: int, facts: Mapping[str, Any]) -> str:
    """Rounds and passes of a stage; and when it ended, or what may end it, if rows decide that."""
    passes = facts.get("passes", {}).get(stage)
    found = f"{rounds:,} rounds"
    if passes is not None:
        found += f", {float(passes):,.3g} passes over its rows"
    ends = {**facts.get("early_stopping", {}), **facts.get("ends", {})}
    return f"{found}; {ends[stage]}" if stage in ends else found


def _list_column_tables(datasets: Mapping[str, Any]) -> list[ColumnTable]:
    """The columns of the tables, each once; runs of earlier versions do not tell of them."""
    found: list[tuple[list[str], Mapping[str, Any]]] = []
    for split, data in datasets.items():
        table = data.get("table")
        splits = next((splits for splits, known in found if known == table), None)
        if splits is not None:
            splits.append(str(split))
        elif table:
            found.append(([str(split)], table))
    return [_parse_column_table(", ".join(splits), table) for splits, table in found]


def _parse_column_table(title: str, table: Mapping[str, Any]) -> ColumnTable:
    columns = [
        (str(c["name"]), str(c["kind"]), int(c["blank"]), _describe_column(c))
        for c in table["columns"]
    ]
    more = max(0, len(columns) - MAX_COLUMNS)
    return ColumnTable(title, str(table["summary"]), columns[:MAX_COLUMNS], more)


def _describe_column(column: Mapping[str, Any]) -> str:
    """What more there is to say of a column."""
    texts = int(column.get("texts", 0))
    if texts:
        what = "class" if column["kind"] == "label" else "text"
        return f"{texts:,} {what}{('es' if what == 'class' else 's') * (texts != 1)}"
    return str(column.get("why", ""))


def _list_data_lines(data: Mapping[str, Any]) -> list[str]:
    """What is known of a split, in words."""
    shape = " of " + " x ".join(map(str, data["shape"])) if not data.get("table") else ""
    lines = [f"{int(data['rows']):,} rows{shape} from {data['name']}"]
    labelled = {name: int(n) for name, n in data["labelled"].items() if n}
    if labelled:
        each = ", ".join(f"{name} {n:,}" for name, n in labelled.items())
        lines.append(f"{sum(labelled.values()):,} labelled: {each}")
    words = ("attributes",) if data.get("table") else ("columns", "attributes")
    named = [(word, data[word]) for word in words if data[word]]
    lines += [f"{word}: {list_first(map(str, names), MAX_COLUMNS)}" for word, names in named]
    if data["frame"]:
        lines.append("pictures: " + ", ".join(f"{k} {v}" for k, v in data["frame"].items()))
    return lines
