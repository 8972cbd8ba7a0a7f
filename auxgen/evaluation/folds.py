"""One error over all folds, each measured by the model that did not learn from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from ..method import Method
from ..score import Score
from .protocol import make_share_score


class Fold(NamedTuple):
    """The error on the rows of a fold, and the method that learned from the others."""

    error: Callable[[Any], Score]
    method: Method


@final
@dataclass(frozen=True, eq=False)
class FoldsError:
    """Classification error in per cent over the rows of all folds; detail has that of each fold.

    Attributes:
        folds: The folds, whose methods are trained when this is measured.
    """

    folds: Sequence[Fold]

    def __call__(self, method: object) -> Score:
        del method  # the model of all rows takes no part
        each = [fold.error(fold.method.eval()) for fold in self.folds]
        rows = sum(score.n for score in each)
        wrong = sum(score.value * score.n / 100 for score in each)
        protocol = (
            f"all {rows} labelled rows, each by a model that did not learn from it; {len(each)} "
            "folds, stratified; most probable class"
        )
        detail = {"folds": [{"n": score.n, "error": score.value} for score in each]}
        return make_share_score(wrong, rows, protocol, whole=rows, detail=detail)
