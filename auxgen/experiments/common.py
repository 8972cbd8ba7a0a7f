"""What all experiments share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class About:
    """What `auxgen experiments` tells of an experiment; the module's constant ABOUT.

    Attributes:
        shows: What it shows or reproduces, in a line.
        paper: The paper's number, with its unit; "" where there is none.
        ours: Ours, with the file under results/ that made it; "" while not measured.
        time: Hours, minutes or seconds, with the hardware.
    """

    shows: str
    paper: str
    ours: str
    time: str


@dataclass(frozen=True)
class Row:
    """A line of the table: one experiment under several seeds.

    Attributes:
        name: What the table calls it.
        experiment: The experiment's name.
        options: Its keyword arguments besides the seed.
        scores: Score of the run, "<stage>/<metric>", by the table's column.
        paper: The paper's number by column, as printed there; "" where it has none.
    """

    name: str
    experiment: str
    scores: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    paper: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reproduction:
    """A table or a figure's numbers.

    Attributes:
        title: What it is.
        rows: Its lines. Rows with the same experiment and options share their runs.
        claim: What must hold, in a sentence, and whether it does: means by (row, column) -> text.
    """

    title: str
    rows: Sequence[Row]
    claim: Callable[[Mapping[tuple[str, str], float]], str] | None = None
