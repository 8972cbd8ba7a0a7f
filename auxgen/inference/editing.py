"""Moves along an attribute: rows before and after, and the model's confidence in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..functional import directions
from ..functional.differences import DifferenceFilter, add_difference
from ..method import Decodes, require
from .codes import decode_to_rows, embed_rows, predict_classes
from .moves import Move

EDIT_STEPS = 24
"""Points along the way at which an edit with a target probability may stop."""


@dataclass(frozen=True, eq=False)
class RowsToEdit:
    """n rows with their codes: where all edits of them start, found once.

    Attributes:
        raw: Raw rows (n, *shape), on the CPU.
        z: Their codes (n, d).
        y: The classes (n,) that they are decoded under; None for a model without classes.
        reconstruction: Raw rows decoded from the codes (n, *shape).
    """

    raw: Tensor
    z: Tensor
    y: Tensor | None
    reconstruction: Tensor


@dataclass(frozen=True, eq=False)
class EditedRows:
    """n rows before and after m moves.

    Attributes:
        reconstruction: Raw rows decoded from their own codes (n, *shape), on the CPU.
        edited: Raw rows (n, *shape): the rows themselves with `added`, or, where this is None, what
            is decoded from the moved codes.
        distance_share: Share of the distances that the codes were moved, (n,) in [0, 1].
        before: The model's probabilities of the moves' attributes before, (n, m): in the rows
            themselves, or in the reconstructions.
        after: The same for the edited rows.
        moves: The moves.
        reached: Rows (n,) bool for which all moves reached the target probability; None where there
            was no target.
        added: What was added to the rows (n, *shape); None where reconstructions were edited.
    """

    reconstruction: Tensor
    edited: Tensor
    distance_share: Tensor
    before: Tensor
    after: Tensor
    moves: Sequence[Move]
    reached: Tensor | None = None
    added: Tensor | None = None


@torch.no_grad()
def prepare_edits(method: object, space: Preprocessor, raw: Tensor) -> RowsToEdit:
    """Encode raw rows (n, *shape), and decode their codes: what all edits of them have in common.

    A model of classes decodes each row under the class that it finds most probable.

    Raises:
        InputError: The model cannot encode or decode.
    """
    require(method, Decodes)
    z, y = embed_rows(method, space, raw), predict_classes(method, space, raw)
    return RowsToEdit(raw.cpu(), z, y, decode_to_rows(method, space, z, y))


@torch.no_grad()
def edit_rows(
    method: object,
    space: Preprocessor,
    rows: Tensor | RowsToEdit,
    moves: Sequence[Move],
    target_probability: float | None = None,
    *,
    difference: DifferenceFilter | None = None,
    adapt: Callable[[Tensor, float], Tensor] | None = None,
) -> EditedRows:
    """Move the codes of rows by the sum of all moves, and decode them.

    A model of classes decodes each row, before and after, under the class that it finds most
    probable. With a target probability each code is moved only until the model, given the edited
    row, predicts with this probability that it has each attribute with a positive distance, and
    lacks each with a negative one.

    Args:
        method: The model.
        space: How it sees raw rows.
        rows: Raw rows (n, *shape), or what `prepare_edits` made of them.
        moves: What to change.
        target_probability: Where to stop.
        difference: How G(z + d w) - G(z) is added to the rows themselves, which are pictures (n, c,
            h, w); None for what is decoded, G(z + d w).
        adapt: Makes the difference that is added of this one and the share of the way, see
            `SharedDifference`.

    Raises:
        InputError: The model cannot encode or decode, or the target is not a probability.
    """
    start = rows if isinstance(rows, RowsToEdit) else prepare_edits(method, space, rows)
    way = directions.sum_displacements([(move.along, move.delta) for move in moves]).to(start.z)
    path = _EditedPath(method, space, start, way, moves, difference, adapt)
    every, unedited = torch.arange(len(start.z)), path.unedited
    before = path.find_attributes(unedited) if difference is None else path.score(start.z)
    if target_probability is None:
        edited, added = path.edit(every, 1.0)
        share, after, reached = torch.ones(len(every)), path.find_attributes(edited), None
    else:
        directions.check_probability(target_probability)
        edited, added = unedited.clone(), torch.zeros_like(unedited)
        after, share = before.clone(), torch.zeros(len(every))
        reached = _reaches_target(after, moves, target_probability)
        for part in (place / EDIT_STEPS for place in range(1, EDIT_STEPS + 1)):
            left = every[~reached]
            if len(left) == 0:
                break
            share[left] = part
            edited[left], added[left] = path.edit(left, part)
            after[left] = path.find_attributes(edited[left])
            reached[left] = _reaches_target(after[left], moves, target_probability)
    kept = None if difference is None else added
    return EditedRows(start.reconstruction, edited, share, before, after, moves, reached, kept)


@dataclass(frozen=True, eq=False)
class _EditedPath:
    """The way of n rows from their codes z (n, d) to z + way; see `edit_rows`."""

    method: object
    space: Preprocessor
    start: RowsToEdit
    way: Tensor
    moves: Sequence[Move]
    difference: DifferenceFilter | None
    adapt: Callable[[Tensor, float], Tensor] | None

    @property
    def unedited(self) -> Tensor:
        """What rows (n, *shape) are where nothing is moved."""
        return self.start.reconstruction if self.difference is None else self.start.raw

    def edit(self, rows: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Rows of these indices edited by a share of the way, and what was added to each."""
        start = self.start
        y = None if start.y is None else start.y[rows]
        decoded = decode_to_rows(self.method, self.space, start.z[rows] + share * self.way, y)
        if self.difference is None:
            return decoded, torch.zeros_like(decoded)
        own = decoded - start.reconstruction[rows]
        added = self.difference(own if self.adapt is None else self.adapt(own, share))
        return add_difference(start.raw[rows], added), added

    def find_attributes(self, rows: Tensor) -> Tensor:
        """The model's probabilities of the moves' attributes: (n, *shape) -> (n, m)."""
        return self.score(embed_rows(self.method, self.space, rows))

    def score(self, z: Tensor) -> Tensor:
        """The same of codes: (n, d) -> (n, m)."""
        return torch.stack([move.attribute.logit(z).sigmoid() for move in self.moves], 1)


def _reaches_target(probability: Tensor, moves: Sequence[Move], target: float) -> Tensor:
    """Whether all attributes of a row are as the moves intend, so probably: (n, m) -> (n,)."""
    towards = torch.tensor([move.delta >= 0 for move in moves])
    return (torch.where(towards, probability, 1 - probability) >= target).all(1)
