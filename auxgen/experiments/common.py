"""What all experiments share: plans, data splits, and the tables of a paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError, require_at_least
from .registry import list_extractors

Budget = Literal["cpu", "paper"]
RESNET56 = "cifar10-resnet56"
"""The extractor by which all experiments measure pictures of CIFAR-10."""
NOT_AN_OPTION: Mapping[str, Any] = MappingProxyType({"option": False})
"""Metadata of a plan's field that budgets alone set, such as the precision, for which train has an
option of its own."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a person can choose of an experiment; a budget is a plan, changed by `replace`.

    Fields are the options of the command line. What each means stands once, in `options.WORDS` or
    in the `WORDS` beside a paper's plans.
    """

    lr: float
    batch: int
    average: float = 0.999


def refuse_ignored_option(name: str, given: bool, model: str, models: Sequence[str]) -> None:
    """Refuse an option that is given and that a model has no use for.

    Raises:
        InputError: The model is none of those that heed it.
    """
    if given and model not in models:
        raise InputError(
            f"--{name.replace('_', '-')} is for {' and '.join(models)}; {model} has no use for it."
        )


def count_steps(rows: int, batch: int, epochs: float) -> int:
    """Rounds of so many passes over the rows."""
    require_at_least(1, batch=batch)
    return round(epochs * rows / batch)


def raise_epochs(epochs: float, rows: int, batch: int, least_steps: float) -> float:
    """So many passes over the rows, or the passes of the fewest rounds where rows are few.

    No pass stays none: that is a stage which a person leaves out.
    """
    require_at_least(1, batch=batch)
    return max(epochs, least_steps * batch / rows) if epochs else 0.0


def hold_out_last_rows(train: Dataset, rows: int) -> tuple[Dataset, Dataset]:
    """Rows to learn, and the last ones, to choose settings by.

    Raises:
        InputError: No row would be left to learn, or the number is negative.
    """
    require_at_least(0, held_out_rows=rows)
    if rows >= len(train):
        raise InputError(
            f"held_out_rows is {rows} and {train.name} has {len(train)} rows; fewer are expected."
        )
    learned = len(train) - rows
    return train[:learned], train[learned:]


def image_preprocessor(train: Dataset, *, flat: bool = False, **rest: Any) -> Preprocessor:
    """How a model sees these images, flat as vectors or not, with the names of their classes.

    `rest` are further fields of `Preprocessor`, such as shift and scale.
    """
    shape = tuple(train.x.shape[1:])
    known = {"classes": train.classes, "frame": train.frame}
    return Preprocessor(kind="images", shape=shape, flat=flat, **known, **rest)


def choose_extractor(extractor: str, data: str) -> str | None:
    """The extractor's name; for "auto" features.DATA, or None where there is no such experiment."""
    if extractor != "auto":
        return extractor
    trained = f"features.{data}"
    return trained if trained in list_extractors() else None


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
        failed_above: By column, the score above which a run counts as failed.
        terms: Term of the run's log, "<stage>/<term>", by the table's column: its mean over all
            rounds.
        seeds: Runs of this row; those of the table when None.
    """

    name: str
    experiment: str
    scores: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    paper: Mapping[str, str] = field(default_factory=dict)
    failed_above: Mapping[str, float] = field(default_factory=dict)
    terms: Mapping[str, str] = field(default_factory=dict)
    seeds: int | None = None


Means = Mapping[tuple[str, str], float]
"""Means over seeds by row and column."""
Claim = Callable[[Means], str]
"""What must hold of a table, in a sentence, and whether it does."""


@dataclass(frozen=True)
class Reproduction:
    """A table or a figure's numbers.

    Attributes:
        title: What it is.
        rows: Its lines. Rows with the same experiment and options share their runs.
        claim: What must hold, and whether it does; None where nothing is claimed.
        seeds: Runs of each row, where a person does not say.
        first_seed: Seed of the first of them.
        differences: Pairs of rows, the second of which is taken from the first, seed by seed.
        choose: Makes the table of these rows' means, where these rows are only trials of settings.
    """

    title: str
    rows: Sequence[TableRow]
    claim: Claim | None = None
    seeds: int = 5
    first_seed: int = 0
    differences: Sequence[tuple[str, str]] = ()
    choose: Callable[[Means], "Reproduction"] | None = None


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
