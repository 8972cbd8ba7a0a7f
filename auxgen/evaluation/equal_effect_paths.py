"""How far edits have to go until a classifier sees an effect; the same rows by several models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..features.extractors import quantise_pictures
from ..functional.directions import Direction
from ..inference.codes import decode_to_rows
from ..rng import get_device
from .judges import AttributeScorer

HALVINGS = 6


@dataclass(frozen=True, eq=False)
class EditPath:
    """Codes of rows by a model, the direction they are moved along, and who judges.

    Attributes:
        method: Decodes.
        space: How it sees raw rows.
        direction: The way.
        z: Codes (n, d).
        scorer: The classifier.
        attribute_index: Its attribute that the direction is for.
        y: Classes (n,) of a model of classes, else None.
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
        """Of rows (m,) at distances (m,): -> uint8 (m, c, h, w)."""
        moved = self.direction.move(self.z[rows], distances)
        of = None if self.y is None else self.y[rows]
        return quantise_pictures(decode_to_rows(self.method, self.space, moved, of))

    def score_logits(self, rows: Tensor, distances: Tensor) -> Tensor:
        """What the judge says of these: -> (m,)."""
        return self.scorer(self.decode_pictures(rows, distances), self.device).logits[
            :, self.attribute_index
        ]

    def trace_logits(self, deltas: Sequence[float], rise: float) -> Tensor:
        """Logits of all rows at distances that rise from 0: -> (n, s).

        NaN beyond where a logit is above 0 and has risen by so much: nothing farther is asked for.
        """
        logits = torch.full((len(self.z), len(deltas)), torch.nan)
        rows = torch.arange(len(self.z))
        for place, delta in enumerate(deltas):
            if len(rows):
                logits[rows, place] = self.score_logits(rows, torch.full((len(rows),), delta))
                enough = (logits[rows, 0] + rise).clamp(min=0)
                rows = rows[logits[rows, place] < enough]
        return logits


@dataclass(frozen=True, eq=False)
class EditComparison:
    """The same n rows by several models.

    Attributes:
        originals: uint8 (n, c, h, w).
        paths: By model.
        curves: Logits (n, s) at the distances, by model; NaN beyond all effects, see `EditPath.trace_logits`.
        deltas: s distances, rising from 0.
    """

    originals: Tensor
    paths: Mapping[str, EditPath]
    curves: Mapping[str, Tensor]
    deltas: Sequence[float]

    def find_rows_without_attribute(self) -> Tensor:
        """Rows (m,) whose reconstructions no model has told to have the attribute."""
        absent = torch.stack([logits[:, 0] < 0 for logits in self.curves.values()])
        return absent.all(0).nonzero().flatten()

    def find_effect_distances(self, rows: Tensor, rise: float | None) -> dict[str, Tensor]:
        """First distances (m,) by model at which rows (m,) show the effect; NaN where none do.

        The effect is a rise of the logit by so much or, where that is None, a logit of 0.
        """
        found = {}
        for model, way in self.paths.items():
            curve = self.curves[model][rows]
            wanted = torch.zeros(len(rows)) if rise is None else curve[:, 0] + rise

            def short(these: Tensor, far: Tensor, way: EditPath = way, wanted: Tensor = wanted):
                return way.score_logits(rows[these], far) < wanted[these]

            found[model] = bisect_brackets(*bracket_threshold(curve, wanted, self.deltas), short)
        return found


def bracket_threshold(
    curve: Tensor, threshold: Tensor, deltas: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Distances between which rows (n,) first reach what is wanted; NaN where they never do.

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
    low: Tensor,
    high: Tensor,
    falls_short: Callable[[Tensor, Tensor], Tensor],
    halvings: int = HALVINGS,
) -> Tensor:
    """The upper ends (n,) of brackets, after halving so often; NaN stays.

    Args:
        low: Where the effect falls short.
        high: Where it does not.
        falls_short: Whether it does, of rows (m,) at distances (m,).
        halvings: Halvings.
    """
    low, high = low.clone(), high.clone()
    rows = (~high.isnan()).nonzero().flatten()
    for _ in range(halvings if len(rows) else 0):
        middle = (low[rows] + high[rows]) / 2
        below = falls_short(rows, middle)
        low[rows] = torch.where(below, middle, low[rows])
        high[rows] = torch.where(below, high[rows], middle)
    return high
