"""How far edits have to go until a classifier sees an effect; the same rows by several models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.dataset import Space
from ..features.extractors import quantised
from ..functional.directions import Direction
from ..inference.codes import decoded
from ..rng import device_of
from .judges import Judge

HALVINGS = 6


@dataclass(frozen=True, eq=False)
class Way:
    """Codes of rows by a model, the direction they are moved along, and who judges.

    Attributes:
        method: Decodes.
        space: How it sees raw rows.
        direction: The way.
        z: Codes (n, d).
        judge: The classifier.
        k: Its attribute that the direction is for.
        y: Classes (n,) of a model of classes, else None.
    """

    method: object
    space: Space
    direction: Direction
    z: Tensor
    judge: Judge
    k: int
    y: Tensor | None = None

    @property
    def device(self) -> str:
        return str(device_of(self.method))

    def pictures(self, rows: Tensor, far: Tensor) -> Tensor:
        """Of rows (m,) at distances (m,): -> uint8 (m, c, h, w)."""
        moved = self.direction.moved(self.z[rows], far)
        of = None if self.y is None else self.y[rows]
        return quantised(decoded(self.method, self.space, moved, of))

    def logits(self, rows: Tensor, far: Tensor) -> Tensor:
        """What the judge says of these: -> (m,)."""
        return self.judge(self.pictures(rows, far), self.device).logits[:, self.k]

    def curve(self, deltas: Sequence[float], rise: float) -> Tensor:
        """Logits of all rows at distances that rise from 0: -> (n, s).

        NaN beyond where a logit is above 0 and has risen by so much: nothing farther is asked for.
        """
        logits = torch.full((len(self.z), len(deltas)), torch.nan)
        rows = torch.arange(len(self.z))
        for place, delta in enumerate(deltas):
            if len(rows):
                logits[rows, place] = self.logits(rows, torch.full((len(rows),), delta))
                enough = (logits[rows, 0] + rise).clamp(min=0)
                rows = rows[logits[rows, place] < enough]
        return logits


@dataclass(frozen=True, eq=False)
class Ways:
    """The same n rows by several models.

    Attributes:
        originals: uint8 (n, c, h, w).
        each: By model.
        curves: Logits (n, s) at the distances, by model; NaN beyond all effects, see `Way.curve`.
        deltas: s distances, rising from 0.
    """

    originals: Tensor
    each: Mapping[str, Way]
    curves: Mapping[str, Tensor]
    deltas: Sequence[float]

    def without(self) -> Tensor:
        """Rows (m,) whose reconstructions no model has told to have the attribute."""
        absent = torch.stack([logits[:, 0] < 0 for logits in self.curves.values()])
        return absent.all(0).nonzero().flatten()

    def reached(self, rows: Tensor, rise: float | None) -> dict[str, Tensor]:
        """First distances (m,) by model at which rows (m,) show the effect; NaN where none do.

        The effect is a rise of the logit by so much or, where that is None, a logit of 0.
        """
        found = {}
        for model, way in self.each.items():
            curve = self.curves[model][rows]
            wanted = torch.zeros(len(rows)) if rise is None else curve[:, 0] + rise

            def short(these: Tensor, far: Tensor, way: Way = way, wanted: Tensor = wanted):
                return way.logits(rows[these], far) < wanted[these]

            found[model] = halved(*bracketed(curve, wanted, self.deltas), short)
        return found


def bracketed(curve: Tensor, wanted: Tensor, deltas: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Distances between which rows (n,) first reach what is wanted; NaN where they never do.

    Args:
        curve: Effects (n, s) at the distances.
        wanted: (n,), above the first column.
        deltas: s distances, rising.
    """
    there = curve >= wanted[:, None]
    place, far = there.float().argmax(1), torch.tensor(deltas)
    never = torch.where(there.any(1), 0.0, torch.nan)
    return far[(place - 1).clamp(min=0)] + never, far[place] + never


def halved(
    low: Tensor, high: Tensor, short: Callable[[Tensor, Tensor], Tensor], times: int = HALVINGS
) -> Tensor:
    """The upper ends (n,) of brackets, after halving so often; NaN stays.

    Args:
        low: Where the effect falls short.
        high: Where it does not.
        short: Whether it does, of rows (m,) at distances (m,).
        times: Halvings.
    """
    low, high = low.clone(), high.clone()
    rows = (~high.isnan()).nonzero().flatten()
    for _ in range(times if len(rows) else 0):
        middle = (low[rows] + high[rows]) / 2
        below = short(rows, middle)
        low[rows] = torch.where(below, middle, low[rows])
        high[rows] = torch.where(below, high[rows], middle)
    return high
