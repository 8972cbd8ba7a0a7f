"""Pictures of figures 2 to 6: with and without regularisation, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ...data.dataset import Dataset, Preprocessor
from ...inference.codes import interpolate_linearly, interpolate_rows, reconstruct_rows
from ...inference.sampling import sample_rows
from ...method import Method
from ...plotting.panels import write_panels
from ...stage import PictureWriter

WITH, WITHOUT = "with regularisation", "without"


@dataclass(frozen=True, eq=False)
class DiscregPictures:
    """What pictures are made of.

    Attributes:
        rows: Raw rows held out.
        space: How models see them.
        baseline: The VAE to compare with, trained before.
    """

    rows: Dataset
    space: Preprocessor
    baseline: Method

    def make_pictures(self) -> Mapping[str, PictureWriter]:
        """By title."""
        return {
            "samples with and without": self._draw_samples,
            "reconstructions with and without": self._draw_reconstructions,
            "interpolations with and without": self._draw_interpolations,
        }

    def _draw_samples(self, method: Method, file: Path) -> None:
        """Means of p(x|z) at the same draws of p(z) (figures 2, 3 and 4)."""
        drawn = {}
        for name, model in self._get_models_by_title(method).items():
            torch.manual_seed(0)
            drawn[name] = sample_rows(model, self.space, 48)
        write_panels({**drawn, "real images": self.rows[:48].raw_rows()}, file)

    def _draw_reconstructions(self, method: Method, file: Path) -> None:
        """At the means of q(z|x) (figure 5, whose authors drew z)."""
        raw = self.rows[:25].raw_rows()
        back = {
            n: reconstruct_rows(m, self.space, raw)[:, 1]
            for n, m in self._get_models_by_title(method).items()
        }
        panels = {WITH: back[WITH], "originals": raw, WITHOUT: back[WITHOUT]}
        write_panels(panels, file, columns=5)

    def _draw_interpolations(self, method: Method, file: Path) -> None:
        """Straight between the codes of two images, ends included (figure 6)."""
        few = min(5, len(self.rows) // 2)
        start, end = self.rows[:few].raw_rows(), self.rows[few : 2 * few].raw_rows()
        ways = {
            name: interpolate_rows(
                model, self.space, start, end, steps=8, between=interpolate_linearly
            ).flatten(0, 1)
            for name, model in self._get_models_by_title(method).items()
        }
        write_panels(ways, file)

    def _get_models_by_title(self, method: Method) -> dict[str, Method]:
        return {WITH: method, WITHOUT: self.baseline.eval()}
