"""Pictures of figures 2 to 6: with and without regularisation, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ...data.dataset import Examples, Space
from ...inference.codes import interpolate, linear, reconstruct
from ...inference.sampling import sample
from ...method import Method
from ...plotting.panels import write_panels
from ...stage import Picture

WITH, WITHOUT = "with regularisation", "without"


@dataclass(frozen=True, eq=False)
class Shown:
    """What pictures are made of.

    Attributes:
        rows: Raw rows held out.
        space: How models see them.
        without: The VAE to compare with, trained before.
    """

    rows: Examples
    space: Space
    without: Method

    def pictures(self) -> Mapping[str, Picture]:
        """By title."""
        return {
            "samples with and without": self.samples,
            "reconstructions with and without": self.reconstructions,
            "interpolations with and without": self.interpolations,
        }

    def samples(self, method: Method, file: Path) -> None:
        """Means of p(x|z) at the same draws of p(z) (figures 2, 3 and 4)."""
        drawn = {}
        for name, model in self.both(method).items():
            torch.manual_seed(0)
            drawn[name] = sample(model, self.space, 48)
        write_panels({**drawn, "real images": self.rows[:48].raw()}, file)

    def reconstructions(self, method: Method, file: Path) -> None:
        """At the means of q(z|x) (figure 5, whose authors drew z)."""
        raw = self.rows[:25].raw()
        back = {n: reconstruct(m, self.space, raw)[:, 1] for n, m in self.both(method).items()}
        panels = {WITH: back[WITH], "originals": raw, WITHOUT: back[WITHOUT]}
        write_panels(panels, file, columns=5)

    def interpolations(self, method: Method, file: Path) -> None:
        """Straight between the codes of two images, ends included (figure 6)."""
        few = min(5, len(self.rows) // 2)
        start, end = self.rows[:few].raw(), self.rows[few : 2 * few].raw()
        ways = {
            name: interpolate(model, self.space, start, end, steps=8, between=linear).flatten(0, 1)
            for name, model in self.both(method).items()
        }
        write_panels(ways, file)

    def both(self, method: Method) -> dict[str, Method]:
        return {WITH: method, WITHOUT: self.without.eval()}
