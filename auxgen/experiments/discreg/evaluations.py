"""What is measured and drawn of a VAE with and without regularisation, in the same protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from ...data.dataset import Dataset, Preprocessor
from ...evaluation.images import ExplainedVariance, GridPower, PixelSimilarity, SampleQuality
from ...evaluation.likelihood import Elbo, ImportanceNll
from ...evaluation.recognition import FeatureErrors, RecognitionAccuracy
from ...inference.codes import interpolate_linearly, interpolate_rows, reconstruct_rows, sample_rows
from ...method import Method
from ...plotting.panels import write_panels
from ...score import Evaluation, Score
from ...stage import PictureWriter
from ..common import choose_extractor
from .plans import VaeComparisonPlan

NLL = "nll_per_dimension"
NLL_CHUNK_SIZES = {"rows": 4, "chunk": 25}
"""Rows, and weights of each: so few that what the decoder makes stays in the processor's cache."""
SMALLEST_GRID = 8
"""Side in pixels below which no pattern can be distinguished from a picture."""
WITH, WITHOUT = "with regularisation", "without"


def make_vae_evaluations(
    splits: Mapping[str, Dataset], space: Preprocessor, taps: nn.Module, plan: VaeComparisonPlan
) -> Mapping[str, Evaluation]:
    """The measures of every VAE.

    Args:
        splits: Raw rows by split, of which the first `nll_rows` are those of table 2.
        space: How models see them.
        taps: The layers that reconstructions are held to.
        plan: How many rows are measured, and by which other classifier.
    """
    few = min(plan.nll_rows, plan.test_rows)
    x = {split: space.transform(rows[:few].raw_rows()) for split, rows in splits.items()}
    test, k = splits["test"][: plan.test_rows], plan.importance_samples
    each: dict[str, Evaluation] = {}
    for split in splits:
        nll = ImportanceNll(x[split], k=k, split_name=split, **NLL_CHUNK_SIZES)
        each[f"nll of {split}"] = partial(_measure_nll, nll=nll, split=split)
    each["elbo"] = Elbo(x["test"], draws=k)
    each["features"] = FeatureErrors(test, space, taps)
    each["closeness"] = PixelSimilarity(test, space)
    each["explained"] = ExplainedVariance(test, space)
    if min(test.x.shape[2:]) >= SMALLEST_GRID:
        each["pattern"] = GridPower(test, space)
    extractor = plan.extractor
    if extractor is not None:  # auto is of the data set's name: celeba/test
        extractor = choose_extractor(extractor, splits["test"].name.partition("/")[0])
    if extractor is not None:
        share = plan.recognition_crop
        cut = None if share == 1 else max(1, round(share * test.x.shape[-1]))
        each["recognised"] = RecognitionAccuracy(test, space, extractor=extractor, cut=cut)
        measures = ("FD", "precision", "recall")
        each["samples"] = SampleQuality(test, space, extractor=extractor, measures=measures)
    return each


def _measure_nll(method: object, *, nll: ImportanceNll, split: str) -> dict[str, Score]:
    """Scores under names that end in their split's."""
    return {f"{name} of {split}": score for name, score in nll(method).items()}


def reconstruct_by_title(
    methods: Mapping[str, Method], space: Preprocessor, raw: Tensor
) -> dict[str, Tensor]:
    """What each method makes of raw images (n, c, h, w), at the mean of its code."""
    return {t: reconstruct_rows(m.eval(), space, raw)[:, 1] for t, m in methods.items()}


@dataclass(frozen=True, eq=False)
class DiscregPictures:
    """Pictures of a VAE beside the one without regularisation (figures 2 to 6).

    Attributes:
        rows: Raw held-out rows.
        space: How models see them.
        baseline: The VAE to compare with, trained before.
    """

    rows: Dataset
    space: Preprocessor
    baseline: Method

    def make_pictures(self) -> Mapping[str, PictureWriter]:
        """The pictures by title."""
        return {
            "samples with and without": self._draw_samples,
            "reconstructions with and without": self._draw_reconstructions,
            "interpolations with and without": self._draw_interpolations,
        }

    def _draw_samples(self, method: Method, file: Path) -> None:
        """Means of p(x|z) at the same draws of p(z) (figures 2, 3 and 4)."""
        drawn = {}
        for title, model in self._get_models_by_title(method).items():
            torch.manual_seed(0)
            drawn[title] = sample_rows(model, self.space, 48)
        write_panels({**drawn, "real images": self.rows[:48].raw_rows()}, file)

    def _draw_reconstructions(self, method: Method, file: Path) -> None:
        """Reconstructions at the means of q(z|x) (figure 5, whose authors drew z)."""
        raw = self.rows[:25].raw_rows()
        back = reconstruct_by_title(self._get_models_by_title(method), self.space, raw)
        write_panels({WITH: back[WITH], "originals": raw, WITHOUT: back[WITHOUT]}, file, columns=5)

    def _draw_interpolations(self, method: Method, file: Path) -> None:
        """Straight lines between the codes of two images, ends included (figure 6)."""
        few = min(5, len(self.rows) // 2)
        ends = self.rows[:few].raw_rows(), self.rows[few : 2 * few].raw_rows()
        lines = {
            title: interpolate_rows(model, self.space, *ends, steps=8, between=interpolate_linearly)
            for title, model in self._get_models_by_title(method).items()
        }
        write_panels({title: line.flatten(0, 1) for title, line in lines.items()}, file)

    def _get_models_by_title(self, method: Method) -> dict[str, Method]:
        return {WITH: method, WITHOUT: self.baseline.eval()}
