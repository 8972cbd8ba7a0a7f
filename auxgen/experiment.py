"""What an experiment is made of: named stages in order, their scores, and the tables of a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .builders import Recipe
from .data.examples import Examples, Space
from .engine.settings import Engine
from .method import Method


@dataclass(frozen=True)
class Score:
    """A measured number, with all that is needed to compare it.

    Attributes:
        value: The number.
        unit: "%", "nats", "nats per dimension", "" for none.
        n: Rows it was measured on.
        spread: Of the value, if any.
        spread_is: What the spread is: "standard error over rows".
        protocol: How it was measured, in words: split, draws, seeds. Scores are compared only
            where it is the same.
        caution: Why the number should not be trusted; "" where nothing speaks against it.
        detail: JSON-able numbers behind it, for pictures, such as a confusion matrix.
    """

    value: float
    unit: str
    n: int
    protocol: str
    spread: float | None = None
    spread_is: str = ""
    caution: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


Evaluation = Callable[[Any], Score | Mapping[str, Score]]
"""A method in eval mode -> a score, or several by name where they share their work.

Seeded, and called without gradients, by who evaluates.
"""


Picture = Callable[[Any, Path], None]
"""A method in eval mode, and where its PNG goes."""


class Batches(Protocol):
    """A stream of batches: a function of the step, so that a position is a number."""

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> Any:
        """The batch of rank `rank` of `ranks` at `step`, on the device."""
        ...


@dataclass(frozen=True)
class Monitor:
    """Evaluations of the moving average while it trains, written to the run's metrics.

    Attributes:
        every: Steps between evaluations.
        evaluations: By name.
    """

    every: int
    evaluations: Mapping[str, Evaluation]


@dataclass(frozen=True)
class Stage:
    """A method and how it is trained and measured.

    Attributes:
        method: What is trained. Stages share networks by reference.
        batches: What it is trained on.
        engine: How.
        evaluations: What is measured when it is trained, by name.
        monitor: What is measured meanwhile.
        recipe: The builder and its arguments that made `method`; without it the stage leaves
            weights but no artefact.
        space: How the method sees raw rows; goes into the artefact.
        start: Called once when the stage begins (copy weights, recalibrate, mask).
        pictures: Draw the trained method, by name: (method, file) -> a PNG.
        data: Raw rows by split ("train", "test"), for measures that a person asks for by name.
        facts: JSON-able facts that belong to the run, such as the indices of the labelled rows.
    """

    method: Method
    batches: Batches
    engine: Engine
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    monitor: Monitor | None = None
    recipe: Recipe | None = None
    space: Space | None = None
    start: Callable[[Method], None] | None = None
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    data: Mapping[str, Examples] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


Experiment = Mapping[str, Stage]
"""Named stages, trained in order."""


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
