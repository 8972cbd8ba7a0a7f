"""A family of measures that share their work, and what it is made of: a method and its rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict

from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError, unknown_name
from ..method import require
from ..score import Evaluation


class RowSettings(TypedDict):
    """Settings of a `RowEvaluation`."""

    split_name: str
    binarised_seed: int | None


@dataclass(frozen=True)
class MetricContext:
    """A method and the rows on which it is measured.

    Attributes:
        method: The method.
        data: Raw rows by split.
        space: How the method sees them.
        is_binary: Whether the method was trained on bits drawn with grey values as probabilities.
        split: Name of the split.
        max_rows: Rows of the split, the first ones; all when None.
    """

    method: object
    data: Mapping[str, Dataset]
    space: Preprocessor
    is_binary: bool
    split: str
    max_rows: int | None

    @property
    def raw_rows(self) -> Dataset:
        if self.split not in self.data:
            raise unknown_name("split", self.split, self.data)
        return self.data[self.split][: self.max_rows]

    @property
    def pictures(self) -> Dataset:
        """The raw rows, which must be pictures."""
        rows = self.raw_rows
        if rows.kind != "images":
            raise InputError(f"{rows.name} has {rows.kind}; this measure needs images.")
        return rows

    @property
    def x(self) -> Tensor:
        """The rows as the method sees them, (n, *event)."""
        return self.space.transform(self.raw_rows.raw_rows())

    @property
    def row_settings(self) -> RowSettings:
        """Settings of a `RowEvaluation`: rows are binarised for a method that sees bits."""
        return {"split_name": self.split, "binarised_seed": 0 if self.is_binary else None}


@dataclass(frozen=True, eq=False)
class MetricFamily:
    """Measures that share their work, so that one evaluation makes them.

    Attributes:
        make: Makes it of the context, the names of the measures, and what follows the colon.
        abilities: What the method must be able to do, Protocols of `auxgen.method`.
        has_argument: Whether something may follow a colon.
        needed: What must follow the colon, with an example; empty where nothing must.
    """

    make: Callable[[MetricContext, tuple[str, ...], str | None], Evaluation]
    abilities: tuple[type, ...]
    has_argument: bool = False
    needed: str = ""

    def make_evaluation(
        self, context: MetricContext, measures: tuple[str, ...], argument: str | None
    ) -> Evaluation:
        """The evaluation of these measures, where the method, its rows and the argument suit."""
        if argument is not None and not (self.has_argument or self.needed):
            raise InputError(f"This measure takes nothing after a colon, and got {argument!r}.")
        if self.needed and not argument:
            raise InputError(f"This measure needs {self.needed}.")
        for ability in self.abilities:
            require(context.method, ability)
        return self.make(context, measures, argument)
