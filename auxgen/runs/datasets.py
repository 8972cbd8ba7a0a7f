"""What a run remembers of its data: a card that a person reads, and whether the data changed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..data.cells import count_cells
from ..data.column_facts import ColumnFacts, summarise_columns
from ..data.dataset import Dataset
from ..data.labels import BLANK
from ..errors import InputError, NotRebuilt, list_first
from ..score import FEW_ROWS
from ..stage import Experiment

MAX_NOTES = 12
"""Sentences about the reading of a split that the terminal shows, at most."""


def describe_datasets(stages: Experiment) -> dict[str, dict[str, Any]]:
    """The rows of all stages by split, or by "<stage>/<split>" where a stage has its own.

    Returns:
        For each: name, fingerprint, kind, rows, shape of a row, columns, attributes, the labelled
        rows of each class, what became of pictures (frame) and of the columns of a table's file
        (table: a summary, and each column), and what reading them told (notes).
    """
    found: dict[str, Dataset] = {}
    for name, stage in stages.items():
        for split, rows in stage.data.items():
            same = split not in found or _is_same(found[split], rows)
            found[split if same else f"{name}/{split}"] = rows
    return {split: _describe_dataset(rows) for split, rows in found.items()}


def _is_same(first: Dataset, second: Dataset) -> bool:
    return first.fingerprint == second.fingerprint and len(first) == len(second)


def _describe_dataset(rows: Dataset) -> dict[str, Any]:
    counts = rows.y[rows.y != BLANK].bincount(minlength=len(rows.classes)).tolist()
    return {
        "name": rows.name,
        "fingerprint": rows.fingerprint,
        "kind": rows.kind,
        "rows": len(rows),
        "shape": list(rows.x.shape[1:]),
        "columns": list(rows.columns),
        "attributes": list(rows.attribute_names),
        "answers": _count_answers(rows),
        "labelled": dict(zip(rows.classes, counts, strict=True)),
        "frame": None if rows.frame is None else asdict(rows.frame),
        "notes": list(rows.notes),
        "table": _describe_columns(rows.column_facts),
    }


def _count_answers(rows: Dataset) -> dict[str, dict[str, int]]:
    """How many rows have each attribute, and how many have it not."""
    if rows.attributes is None:
        return {}
    counts = ((rows.attributes == answer).sum(0).tolist() for answer in (1, 0))
    each = zip(rows.attribute_names, *counts, strict=True)
    return {name: {"yes": yes, "no": no} for name, yes, no in each}


def _describe_columns(facts: Sequence[ColumnFacts]) -> dict[str, Any] | None:
    """A summary, and what became of each column; None without a table."""
    if not facts:
        return None
    summary = summarise_columns([fact.kind for fact in facts])
    blank = [fact for fact in facts if fact.blank]
    if blank:
        cells = sum(fact.blank for fact in blank)
        summary += f"; {count_cells(cells)} blank, in {len(blank):,} of them"
    return {"summary": summary, "columns": [_drop_empty(asdict(fact)) for fact in facts]}


def _drop_empty(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value or name == "blank"}


def list_warnings(
    described: Mapping[str, Mapping[str, Any]], *, stops_early: bool = False
) -> list[str]:
    """Sentences about what makes a result unsure: classes with few labels, few rows to test on.

    `stops_early` says whether the rows named valid may end training.
    """
    found = []
    for split, rows in described.items():
        labelled = rows["labelled"]
        single = [name for name, n in labelled.items() if n == 1]
        if split.endswith("train") and single:
            names, has = list_first(map(repr, single)), "has" if len(single) == 1 else "have"
            found.append(f"{names} {has} one labelled row to learn from.")
        answers = rows.get("answers", {})  # which earlier versions did not count
        rare = [name for name, counts in answers.items() if min(counts.values()) < 2]
        if split.endswith("train") and rare:
            names, has = list_first(map(repr, rare)), "has" if len(rare) == 1 else "have"
            found.append(f"{names} {has} fewer than two pictures with it, or without it.")
        if stops_early and split.endswith("valid") and rows["rows"] < FEW_ROWS:
            held = _say_rows(rows["rows"])
            found.append(f"Only {held} held out to stop early by: where it stops is chance.")
        measured = sum(labelled.values()) or rows["rows"]
        if split.endswith("test") and measured < FEW_ROWS:
            found.append(
                f"Only {_say_rows(measured)} held out to measure on: their scores will be rough."
            )
    return found


def _say_rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"


def format_data_card(
    described: Mapping[str, Mapping[str, Any]], warnings: Sequence[str] = ()
) -> list[str]:
    """Lines about the data for a person, printed once before training, and what is unsure."""
    lines, shown = [], []
    for split, rows in described.items():
        shape = " x ".join(map(str, rows["shape"]))
        what = {"images": f"pictures of {shape}", "table": "rows", "points": "rows"}[rows["kind"]]
        lines.append(f"{split}: {rows['rows']:,} {what} of {rows['name']}")
        labelled = {name: n for name, n in rows["labelled"].items() if n}
        if labelled:
            each = list_first(f"{name} {n:,}" for name, n in labelled.items())
            lines.append(f"  labelled {sum(labelled.values()):,}: {each}")
        if rows["table"] and rows["table"] not in shown:
            lines.append(f"  {rows['table']['summary']}")
            shown.append(rows["table"])
        words = ("attributes",) if rows["table"] else ("columns", "attributes")
        named = [(word, rows[word]) for word in words if rows[word]]
        lines += [f"  {len(names)} {word}: {list_first(names)}" for word, names in named]
        if rows["frame"]:
            lines.append(f"  {_describe_frame(rows['frame'])}")
        notes = [line for note in rows["notes"] if (line := f"  {note}") not in lines]
        lines += notes[:MAX_NOTES]
        more = len(notes) - MAX_NOTES
        lines += [f"  and {more:,} more such sentences, which run.json keeps"] * (more > 0)
    return lines + [f"Caution: {warning}" for warning in warnings]


def _describe_frame(frame: Mapping[str, Any]) -> str:
    """What became of every picture, in words."""
    size, crop = frame["size"], frame["crop"]
    cut = f"the middle {crop} x {crop} pixels" if crop else "the largest square in the middle"
    resized = f"{cut}, resized to {size} x {size} ({frame['filter']})" if size else cut
    shown = resized if size or crop else "pictures as they are"
    beneath = "on white" if frame["alpha"] == "white" else "left out"
    return f"{shown}; transparency {beneath}"


def check_data_unchanged(
    run: Path, known: Mapping[str, Mapping[str, Any]], stages: Experiment
) -> None:
    """Check that the data is what a run was trained on, as far as it is known.

    Args:
        run: The run's folder, for the message.
        known: What `describe_datasets` returned when it was trained.
        stages: Its stages, built again.

    Raises:
        NotRebuilt: It is not; the sentence says what changed, as far as the run knows.
        InputError: What is known is malformed.
    """
    now = describe_datasets(stages)
    try:
        known = dict(known)
        pairs = {split: (known[split], now[split]) for split in now if split in known}
        changes = {
            split: _describe_change(before, after)
            for split, (before, after) in pairs.items()
            if before["fingerprint"] != after["fingerprint"]
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"{run}/run.json is malformed; expected datasets with fingerprint, rows and labels."
        ) from error
    for split, change in changes.items():
        raise NotRebuilt(
            f"{now[split]['name']} is not what {run} was trained on: {change}; "
            "put the old data back, or train a new run."
        )


def _describe_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What differs between two descriptions, in words."""
    changes = []
    if before["rows"] != after["rows"]:
        changes.append(f"it had {before['rows']:,} rows and has {after['rows']:,}")
    for word in ("classes", "columns", "attributes"):
        old, new = (_list_names(each, word) for each in (before, after))
        gone = [name for name in old if name not in new]
        came = [name for name in new if name not in old]
        if gone or came:
            parts = {"without": gone, "with": came}
            words = " and ".join(
                f"{how} {list_first(names)}" for how, names in parts.items() if names
            )
            changes.append(f"its {word} are now {words}")
        elif old != new:
            changes.append(f"its {word} are in another order")
    if before["labelled"] != after["labelled"] and not changes:
        changes.append("its labels have changed")
    return ", ".join(changes) or "its values or the order of its rows have changed"


def _list_names(described: Mapping[str, Any], word: str) -> list[str]:
    return list(described["labelled"] if word == "classes" else described[word])
