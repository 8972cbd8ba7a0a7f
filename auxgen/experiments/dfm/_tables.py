"""Tables 1 to 3: one set of images, the objectives in the same networks at the same budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..common import TableRow
from ._images import DfmBudget
from ._stages import OBJECTIVE_TITLES, Objective

SEEDS = 3
SCORE, FD, PRECISION, RECALL = "class score, not IS", "FD, not FID", "precision", "recall"
REAL = "real images"


@dataclass(frozen=True, kw_only=True)
class ScoreTable:
    """What a table is of.

    Attributes:
        experiment: Its name.
        extractor: In whose features scores are.
        paper: The paper's score of an objective, and of real images, as printed there.
    """

    experiment: str
    extractor: str
    paper: Mapping[str, str] = field(default_factory=dict)

    def build_rows(self, budget: DfmBudget) -> list[TableRow]:
        """Real images, then the objectives; real images are measured in the GAN's runs."""
        named = self.extractor
        measures = {SCORE: "CS", FD: "FD", PRECISION: "precision", RECALL: "recall"}
        of = {column: f"{measure}({named})" for column, measure in measures.items()}
        real = self._build_row(REAL, "gan", {SCORE: f"CS({named}) of real images"}, budget)
        return [
            real,
            *(self._build_row(OBJECTIVE_TITLES[o], o, of, budget) for o in OBJECTIVE_TITLES),
        ]

    def _build_row(
        self, title: str, objective: Objective, scores: Mapping[str, str], budget: DfmBudget
    ) -> TableRow:
        theirs = self.paper.get("real" if title == REAL else objective)
        # "cpu" is every experiment's own budget: without it runs are dfm.ablations' too
        options = {"objective": objective, **({} if budget == "cpu" else {"budget": budget})}
        return TableRow(
            title,
            self.experiment,
            {column: f"{objective}/{score}" for column, score in scores.items()},
            options,
            {SCORE: theirs} if theirs else {},
        )


def class_score_gain(means: Mapping[tuple[str, str], float]) -> float:
    """By how much the mean class score is above the GAN's."""
    return means[OBJECTIVE_TITLES["dfm"], SCORE] - means[OBJECTIVE_TITLES["gan"], SCORE]
