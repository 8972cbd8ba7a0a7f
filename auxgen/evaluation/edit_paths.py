"""Codes that move along a direction, and the distances at which a classifier sees the effect."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..features.extractors import quantise_pictures
from ..functional.directions import Direction
from ..inference.codes import decode_to_rows
from ..rng import get_device
from .attribute_scorers import AttributeScorer


@dataclass(frozen=True, eq=False)
class EditPath:
    """Codes of rows by a model, the direction along which they move, and a classifier.

    Attributes:
        method: A model that decodes.
        z: Codes (n, d).
        attribute_index: Index of the direction's attribute, for the classifier.
        y: Classes (n,) where the model has classes, else None.
    """

    method: object
    space: Preprocessor
    direction: Direction
    z: Tensor
    scorer: AttributeScorer
    attribute_index: int
    y: Tensor | None = None

    @property
    def device(self) -> str:
        return str(get_device(self.method))

    def decode_pictures(self, rows: Tensor, distances: Tensor) -> Tensor:
        """Pictures of rows (m,) at distances (m,): -> uint8 (m, c, h, w)."""
        moved = self.direction.move(self.z[rows], distances)
        y = None if self.y is None else self.y[rows]
        return quantise_pictures(decode_to_rows(self.method, self.space, moved, y))

    def score_logits(self, rows: Tensor, distances: Tensor) -> Tensor:
        """The classifier's logits of rows (m,) at distances (m,): -> (m,)."""
        prediction = self.scorer(self.decode_pictures(rows, distances), self.device)
        return prediction.logits[:, self.attribute_index]

    def trace_logits(self, deltas: Sequence[float], rise: float) -> Tensor:
        """Logits of all rows at distances that rise from 0: -> (n, s).

        NaN beyond where a logit is above 0 and has risen by so much: nothing needs what is farther.
        """
        logits = torch.full((len(self.z), len(deltas)), torch.nan)
        rows = torch.arange(len(self.z))
        for place, delta in enumerate(deltas):
            if len(rows):
                logits[rows, place] = self.score_logits(rows, torch.full((len(rows),), delta))
                enough = (logits[rows, 0] + rise).clamp(min=0)
                rows = rows[logits[rows, place] < enough]
        return logits

    def find_effect_distances(
        self, rows: Tensor, curve: Tensor, deltas: Sequence[float], rise: float | None
    ) -> Tensor:
        """First distances (m,) at which rows (m,) show the effect; NaN where they never do.

        The effect is a rise of the logit by so much or, where that is None, a logit of 0. Logits
        of the rows at the distances are curve (m, s).
        """
        threshold = torch.zeros(len(rows)) if rise is None else curve[:, 0] + rise

        def falls_short(these: Tensor, far: Tensor) -> Tensor:
            return self.score_logits(rows[these], far) < threshold[these]

        return bisect_brackets(*bracket_threshold(curve, threshold, deltas), falls_short)


@dataclass(frozen=True, eq=False)
class EditComparison:
    """The same n rows by several models.

    Attributes:
        originals: uint8 (n, c, h, w).
        paths: Paths by model.
        curves: What `EditPath.trace_logits` returns at the distances, (n, s), by model.
        deltas: s distances, rising from 0.
    """

    originals: Tensor
    paths: Mapping[str, EditPath]
    curves: Mapping[str, Tensor]
    deltas: Sequence[float]

    def find_rows_without_attribute(self) -> Tensor:
        """Rows (m,) in whose reconstructions, by any model, the attribute is not found."""
        absent = torch.stack([logits[:, 0] < 0 for logits in self.curves.values()])
        return absent.all(0).nonzero().flatten()

    def find_effect_distances(self, rows: Tensor, rise: float | None) -> dict[str, Tensor]:
        """First distances (m,) by model, see `EditPath.find_effect_distances`, of rows (m,)."""
        return {
            model: path.find_effect_distances(rows, self.curves[model][rows], self.deltas, rise)
            for model, path in self.paths.items()
        }


def bracket_threshold(
    curve: Tensor, threshold: Tensor, deltas: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Distances between which rows (n,) first reach a threshold; NaN where they never do.

    Args:
        curve: Effects (n, s) at the distances.
        threshold: (n,), above the first column.
        deltas: s distances, rising.
    """
    there = curve >= threshold[:, None]
    place, far = there.float().argmax(1), torch.tensor(deltas)
    never = torch.where(there.any(1), 0.0, torch.nan)
    return far[(place - 1).clamp(min=0)] + never, far[place] + never


def bisect_brackets(
    low: Tensor, high: Tensor, falls_short: Callable[[Tensor, Tensor], Tensor], halvings: int = 6
) -> Tensor:
    """The upper ends (n,) of brackets, after so many halvings; NaN stays.

    Args:
        low: Distances (n,) at which the effect falls short.
        high: Distances (n,) at which it does not.
        falls_short: Whether it does, of rows (m,) at distances (m,).
    """
    low, high = low.clone(), high.clone()
    rows = (~high.isnan()).nonzero().flatten()
    for _ in range(halvings if len(rows) else 0):
        middle = (low[rows] + high[rows]) / 2
        below = falls_short(rows, middle)
        low[rows] = torch.where(below, middle, low[rows])
        high[rows] = torch.where(below, high[rows], middle)
    return high
