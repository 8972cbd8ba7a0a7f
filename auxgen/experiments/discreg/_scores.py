"""What is measured of a VAE with and without regularisation, in the same protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import nn

from ...data.dataset import Examples, Space
from ...evaluation.images import Closeness, Explained, Samples
from ...evaluation.likelihood import Elbo, ImportanceNll
from ...evaluation.recognition import FeatureErrors, Recognised
from ...score import Evaluation, Score

NLL = "nll_per_dimension"
AT_ONCE = {"rows": 4, "chunk": 25}
"""Rows, and weights of each: so few that what the decoder makes stays in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What all VAEs are measured on.

    Attributes:
        splits: Raw rows by split, of which the first `nll_rows` are those of table 2.
        space: How models see them.
        taps: The layers that reconstructions are held to.
        extractor: In whose features samples are measured, and by whose verdict reconstructions;
            None for none.
        cut: Side in pixels of the square that its verdict is on; all of a picture when None.
        rows: Test rows that are reconstructed, and as many samples.
        nll_rows: Rows of each split that likelihoods are measured on.
        k: Importance weights for each.
    """

    splits: Mapping[str, Examples]
    space: Space
    taps: nn.Module
    extractor: str | None
    cut: int | None
    rows: int
    nll_rows: int
    k: int

    def evaluations(self) -> Mapping[str, Evaluation]:
        """Of a VAE, with or without."""
        test = self.splits["test"][: self.rows]
        each: dict[str, Evaluation] = {
            f"nll of {split}": Of(split, self.nll(split, rows))
            for split, rows in self.splits.items()
        }
        x = self.space.enter(self.splits["test"][: self.nll_rows].raw())
        each["elbo"] = Elbo(x, draws=self.k)
        each["features"] = FeatureErrors(test, self.space, self.taps)
        each["closeness"] = Closeness(test, self.space)
        each["explained"] = Explained(test, self.space)
        if self.extractor is not None:
            each["recognised"] = Recognised(
                test, self.space, extractor=self.extractor, cut=self.cut
            )
            each["samples"] = Samples(
                test, self.space, extractor=self.extractor, measures=("FD", "precision", "recall")
            )
        return each

    def nll(self, split: str, rows: Examples) -> ImportanceNll:
        x = self.space.enter(rows[: self.nll_rows].raw())
        return ImportanceNll(x, k=self.k, split_name=split, **AT_ONCE)


@final
@dataclass(frozen=True, eq=False)
class Of:
    """Several scores under names that say of which split they are."""

    split: str
    scores: ImportanceNll

    def __call__(self, method: object) -> dict[str, Score]:
        return {f"{name} of {self.split}": score for name, score in self.scores(method).items()}
