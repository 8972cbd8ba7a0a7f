"""What is measured of a VAE with and without regularisation, in the same protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import nn

from ...data.dataset import Dataset, Preprocessor
from ...evaluation.images import ExplainedVariance, PixelSimilarity, SampleQuality
from ...evaluation.likelihood import Elbo, ImportanceNll
from ...evaluation.recognition import FeatureErrors, RecognitionAccuracy
from ...score import Evaluation, Score

NLL = "nll_per_dimension"
NLL_CHUNK_SIZES = {"rows": 4, "chunk": 25}
"""Rows, and weights of each: so few that what the decoder makes stays in the processor's cache."""


@dataclass(frozen=True, eq=False)
class DiscregEvaluations:
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

    splits: Mapping[str, Dataset]
    space: Preprocessor
    taps: nn.Module
    extractor: str | None
    cut: int | None
    rows: int
    nll_rows: int
    k: int

    def make_evaluations(self) -> Mapping[str, Evaluation]:
        """Of a VAE, with or without."""
        test = self.splits["test"][: self.rows]
        each: dict[str, Evaluation] = {
            f"nll of {split}": SplitScores(split, self._make_nll_evaluation(split, rows))
            for split, rows in self.splits.items()
        }
        x = self.space.transform(self.splits["test"][: self.nll_rows].raw_rows())
        each["elbo"] = Elbo(x, draws=self.k)
        each["features"] = FeatureErrors(test, self.space, self.taps)
        each["closeness"] = PixelSimilarity(test, self.space)
        each["explained"] = ExplainedVariance(test, self.space)
        if self.extractor is not None:
            each["recognised"] = RecognitionAccuracy(
                test, self.space, extractor=self.extractor, cut=self.cut
            )
            each["samples"] = SampleQuality(
                test, self.space, extractor=self.extractor, measures=("FD", "precision", "recall")
            )
        return each

    def _make_nll_evaluation(self, split: str, rows: Dataset) -> ImportanceNll:
        x = self.space.transform(rows[: self.nll_rows].raw_rows())
        return ImportanceNll(x, k=self.k, split_name=split, **NLL_CHUNK_SIZES)


@final
@dataclass(frozen=True, eq=False)
class SplitScores:
    """Several scores under names that say of which split they are."""

    split: str
    evaluation: ImportanceNll

    def __call__(self, method: object) -> dict[str, Score]:
        return {f"{name} of {self.split}": score for name, score in self.evaluation(method).items()}
