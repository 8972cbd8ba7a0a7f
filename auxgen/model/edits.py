"""Edits of rows by a model: attributes are added or taken away along directions of the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ..data.array_inputs import Rows
from ..data.dataset import Dataset
from ..functional.directions import Direction, fit_linear_probe, get_direction
from ..inference.edit_requests import find_adaptation, find_moves, make_difference_filter
from ..inference.editing import EditedRows, RowsToEdit, edit_rows, prepare_edits
from ..inference.moves import get_classifier_directions
from .trained import TrainedModel


class EditingModel(TrainedModel):
    """A model that edits rows, if its method has codes."""

    def prepare_edits(self, rows: Rows, *, seed: int | None = 0) -> RowsToEdit:
        """Rows encoded once for many edits: give what comes of it to `edit` in place of them."""
        with self._use_seed(seed):
            return prepare_edits(self.method, self.space, self._convert(rows))

    def edit(
        self,
        rows: Rows | RowsToEdit,
        distances: Mapping[str, float] | Sequence[tuple[str, float]],
        *,
        target_probability: float | None = None,
        keep: Sequence[str] = (),
        by: Dataset | None = None,
        probe: Dataset | None = None,
        means: bool = False,
        strength: float = 1.0,
        reconstruction: bool = False,
        seed: int | None = 0,
    ) -> EditedRows:
        """Add attributes to rows, or take them away, by moving their codes.

        A picture gets the difference between what the model decodes after and before the move, see
        `functional.differences`; in place of other rows, and of a picture's `reconstruction`, comes
        what is decoded from the moved code.

        Args:
            rows: The rows, or what `prepare_edits` made of them.
            distances: Names of attributes with distances, such as {"Eyeglasses": 3, "Smiling": -1}.
            target_probability: Probability of the attributes at which to stop on the way.
            keep: Attributes to keep as they are: their directions are projected out.
            by: Training rows with the attributes to keep; directions are turned to where these
                change least in what the model decodes.
            probe: Rows with attributes to which directions are fitted; None for the directions of
                the model's own classifier.
            means: Whether these lead from the mean code of the rows without an attribute to that of
                the rows with it; along linear probes of their codes otherwise. A picture then gets
                the mean difference of pictures, made personal, see `SharedDifference`, unless other
                attributes are to be kept.
            strength: Multiplier of the difference that is added to a picture.
            reconstruction: Whether to return what is decoded, and not the pictures with the
                difference.
        """
        method, space = self.method, self.space
        x = rows if isinstance(rows, RowsToEdit) else self._convert(rows)
        difference = make_difference_filter(space, strength, reconstruction=reconstruction)
        with self._use_seed(seed):
            moves = find_moves(method, space, distances, keep=keep, by=by, probe=probe, means=means)
            adapt = None
            if difference is not None:
                adapt = find_adaptation(method, space, moves, keep=keep, probe=probe, means=means)
            return edit_rows(
                method, space, x, moves, target_probability, difference=difference, adapt=adapt
            )

    def direction(self, name: str) -> Direction:
        """The direction in which the model's own logit of an attribute rises.

        Raises:
            InputError: The model predicts no attributes by its code, or not this one.
        """
        return get_direction(get_classifier_directions(self.method, self.space), name)

    def probe(self, name: str, rows: Rows, y: Tensor | np.ndarray) -> Direction:
        """The direction of an attribute that a linear probe finds in the codes of rows.

        Answers y (n,) are 0 or 1, NaN where blank.

        Raises:
            InputError: The model cannot encode, or all known answers are the same.
        """
        return fit_linear_probe(name, self.encode(rows), torch.as_tensor(y, dtype=torch.float32))
