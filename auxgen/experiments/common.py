"""What all experiments share: plans, data splits, and the tables of a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeVar

from ..data.dataset import Dataset, Preprocessor
from ..errors import require_at_least, unknown_name

Budget = Literal["cpu", "paper"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a person can choose of an experiment; a budget is a plan, changed by `replace`.

    Fields are the options of the command line. What each means is said once, in `options.WORDS` or
    the `WORDS` of a paper's plans.
    """

    lr: float
    batch: int
    average: float = 0.999


PlanKind = TypeVar("PlanKind", bound=Plan)


def override(plan: PlanKind, **given: Any) -> PlanKind:
    """The plan with other values; lists become tuples, as plans have them.

    Raises:
        InputError: The plan has no such field.
    """
    known = [f.name for f in fields(plan)]
    for name in given:
        if name not in known:
            raise unknown_name("option", name, known)
    return replace(plan, **{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})


def count_steps(rows: int, batch: int, epochs: float) -> int:
    """Rounds of so many passes over the rows."""
    require_at_least(1, batch=batch)
    return round(epochs * rows / batch)


def image_preprocessor(train: Dataset, *, flat: bool = False, **rest: Any) -> Preprocessor:
    """How a model sees these images, with the names of their classes.

    Args:
        train: The training images.
        flat: Whether the model sees vectors.
        rest: Further fields of `Preprocessor`, such as shift and scale.
    """
    return Preprocessor(
        kind="images",
        shape=tuple(train.x.shape[1:]),
        flat=flat,
        classes=train.classes,
        **rest,
    )


def dataset_facts(train: Dataset, **more: Any) -> dict[str, Any]:
    """What a run remembers of its data."""
    return {"data": train.name, "fingerprint": train.fingerprint, **more}


@dataclass(frozen=True)
class TableRow:
    """A line of a table: one experiment under several seeds.

    Attributes:
        name: What the table calls it.
        experiment: The experiment's name.
        options: Its options besides the seed.
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
        seeds: Runs of each row, where a person does not say.
    """

    title: str
    rows: Sequence[TableRow]
    claim: Callable[[Mapping[tuple[str, str], float]], str] | None = None
    seeds: int = 5


def make_rows(
    experiments: Mapping[str, tuple[str, Mapping[str, Any]]],
    columns: Mapping[str, str],
    paper: Mapping[str, Mapping[str, str]] | None = None,
) -> list[TableRow]:
    """Rows that all have the same columns.

    Args:
        experiments: (experiment, options) by the row's name.
        columns: Score by the column's name.
        paper: The paper's number by row and column.
    """
    return [
        TableRow(name, experiment, columns, options, (paper or {}).get(name, {}))
        for name, (experiment, options) in experiments.items()
    ]


def format_verdict(holds: bool) -> str:
    """Whether a claim holds, in a word."""
    return "holds" if holds else "does not hold"


def format_claims(claims: Sequence[tuple[str, bool]]) -> str:
    """Claims, each with whether it holds."""
    return "; ".join(f"{claim}: {format_verdict(holds)}" for claim, holds in claims) + "."
