"""What an edit does to all pictures alike, measured on pictures and not drawn by a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..functional.directions import sum_displacements
from .codes import decode_to_rows
from .editing import RowsToEdit, prepare_edits
from .moves import Move

PERSONAL_SHARE = 0.25
"""Of what the model sees in one picture alone; see `results/photo_edits.json`."""
REFERENCES = 300
"""Pictures over which the model's difference is averaged."""


@dataclass(frozen=True, eq=False)
class SharedDifference:
    """The mean difference of pictures with an attribute from those without, made personal.

    A model draws what all pictures have in common less well than their mean shows it; what it sees
    in one of them alone, their mean does not show. So the difference is that of the means, and a
    share of the model's own, G(z + d w) - G(z), less the average of this over some pictures.

    Attributes:
        method: The model.
        space: How it sees raw rows.
        pictures: The mean difference of the whole way, (c, h, w).
        references: Pictures over which the model's own difference is averaged.
        way: The whole way of codes, (d,).
    """

    method: object
    space: Preprocessor
    pictures: Tensor
    references: RowsToEdit
    way: Tensor

    def adapt(self, own: Tensor, share: float) -> Tensor:
        """The difference after a share of the way, from the model's own: (n, c, h, w) -> same."""
        z = self.references.z + share * self.way
        moved = decode_to_rows(self.method, self.space, z, self.references.y)
        average = (moved - self.references.reconstruction).mean(0)
        return share * self.pictures + PERSONAL_SHARE * (own - average)


@torch.no_grad()
def measure_shared_difference(
    method: object, space: Preprocessor, rows: Dataset, moves: Sequence[Move]
) -> SharedDifference:
    """Of moves from mean code to mean code, as `fit_mean_difference` finds them, on these pictures.

    The average is over the first of those that have no attribute yet that is added, and each that
    is taken away; over the first of all where there are none.
    """
    answers = dict(zip(rows.attribute_names, rows.require_attributes().unbind(1), strict=True))
    raw, pictures = rows.raw_rows(), torch.zeros(space.shape, dtype=torch.float64)
    before = torch.ones(len(raw), dtype=torch.bool)
    for move in moves:
        y = answers[move.attribute.name]
        present, absent = (raw[y == answer].double().mean(0) for answer in (1, 0))
        pictures += move.delta / move.attribute.scale * (present - absent)
        before &= y == (0 if move.delta >= 0 else 1)
    some = before.nonzero().flatten() if before.any() else torch.arange(len(raw))
    references = prepare_edits(method, space, raw[some[:REFERENCES]])
    way = sum_displacements([(move.along, move.delta) for move in moves]).to(references.z)
    return SharedDifference(method, space, pictures.float(), references, way)
