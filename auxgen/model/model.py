"""Models: a trained method with its preprocessor, and all that people do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..builders.artefact import write_new_artefact
from ..data.array_inputs import Rows, convert_rows
from ..data.dataset import Dataset, Preprocessor
from ..engine.device import resolve_device
from ..errors import require_at_least
from ..functional.directions import Direction, fit_linear_probe, get_direction
from ..inference import codes as latent
from ..inference.codes import ClassLabels, convert_class_labels, sample_rows
from ..inference.edit_requests import find_adaptation, find_moves, make_difference_filter
from ..inference.editing import EditedRows, RowsToEdit, edit_rows, prepare_edits
from ..inference.filling import fill_rows
from ..inference.moves import get_classifier_directions
from ..inference.prediction import Predictions, abstain_on_unsure, estimate_row_bounds, predict_rows
from ..method import Method, SamplesByClass, require
from ..rng import get_device, use_seed

_PIXEL_TOLERANCE = 0.5
"""How far outside [0, 1] pixels may lie, as samples of Gaussian models do."""


@dataclass(frozen=True)
class Model:
    """A trained method and how it sees raw rows.

    Rows come in and go out in a person's own units, see `Rows`; results are tensors on the CPU.
    Classes `y` are one for all rows or one for each, by name or index; or attributes (n, k). A
    `seed` fixes all draws and leaves torch's random state as it was; None draws from that state.
    A method that lacks an ability raises InputError.

    Attributes:
        method: The method, in eval mode; on the CPU after `load`.
        space: How it sees raw rows.
        name: Where it was loaded from.
        config: The content of config.json.
    """

    method: Method
    space: Preprocessor
    name: str
    config: Mapping[str, Any]

    def to(self, device: str) -> Model:
        """Move the method to a device: "auto", "cpu", "cuda" or "cuda:1"."""
        self.method.to(resolve_device(device))
        return self

    def sample(
        self,
        n: int,
        *,
        y: ClassLabels | None = None,
        mean: bool | None = None,
        seed: int | None = 0,
    ) -> Tensor:
        """Draw n rows, of the classes y where these are given: -> (n, *shape).

        Args:
            mean: Whether rows are the means of p(x|.) at draws of all else, and not draws of
                p(x|.), which also have the noise that the model sees in rows. By default pictures
                are means, as papers show them, and points and rows of tables are draws.
        """
        require_at_least(0, n=n)
        mean = self.space.kind == "images" if mean is None else mean
        if y is not None:
            require(self.method, SamplesByClass)
        labels = None if y is None else convert_class_labels(self.space, y, n)
        with self._use_seed(seed):
            return sample_rows(self.method, self.space, n, labels, mean=mean)

    def draw_classes(self, n: int, *, seed: int | None = 0) -> tuple[str, ...]:
        """Names of the classes of n rows, drawn from p(y); none where the model has no p(y)."""
        with self._use_seed(seed):
            drawn = latent.draw_classes(self.method, n)
        return tuple(self.space.classes[y] for y in drawn.tolist())

    def encode(self, rows: Rows, *, seed: int | None = 0) -> Tensor:
        """Mean codes, the means of q(z|x): (n, *shape) -> (n, d)."""
        with self._use_seed(seed):
            return latent.embed_rows(self.method, self.space, self._convert(rows))

    embed = encode  # as the command is called

    def decode(self, codes: Tensor | np.ndarray, y: ClassLabels | None = None) -> Tensor:
        """Rows of codes, the means of p(x|z) or p(x|y,z): (n, d) -> (n, *shape).

        A model of classes needs classes y.
        """
        z = torch.as_tensor(codes, dtype=torch.float32).detach()
        labels = None if y is None else convert_class_labels(self.space, y, len(z))
        return latent.decode_to_rows(self.method, self.space, z, labels)

    def reconstruct(self, rows: Rows, *, seed: int | None = 0) -> Tensor:
        """Rows decoded from their own codes: (n, *shape) -> (n, *shape).

        A model of classes decodes each row under the class that it finds most probable.
        """
        with self._use_seed(seed):
            return latent.reconstruct_rows(self.method, self.space, self._convert(rows))[:, 1]

    def fill(
        self, rows: Rows, *, draws: int = 1000, mean: bool = True, seed: int | None = 0
    ) -> Tensor:
        """Rows of a table with what is unknown filled in, given what is known: (n, d) -> (n, d).

        Args:
            rows: Rows, NaN where unknown.
            draws: Draws of all else, which are weighed by how well they fit what is known.
            mean: Whether to fill in means, and of texts probabilities, of which
                `space.table.decode` writes the most probable text; or one draw.
        """
        with self._use_seed(seed):
            return fill_rows(self.method, self.space, self._convert(rows), draws, mean=mean)

    def interpolate(
        self, rows: Rows, *, steps: int = 8, linear: bool = False, seed: int | None = 0
    ) -> Tensor:
        """From each row to the next through their codes: (n, *shape) -> (n - 1, steps, *shape).

        Args:
            rows: Two rows or more.
            steps: Rows on each way, both ends included.
            linear: Whether ways are straight lines instead of great circles.
        """
        x = self._convert(rows)
        require_at_least(2, rows=len(x), steps=steps)
        way = latent.interpolate_linearly if linear else latent.interpolate_on_sphere
        with self._use_seed(seed):
            return latent.interpolate_rows(
                self.method, self.space, x[:-1], x[1:], steps=steps, between=way
            )

    def predict(
        self,
        rows: Rows,
        *,
        draws: int = 100,
        temperature: float = 1.0,
        abstain: float = 0.0,
        bound: bool = False,
        seed: int | None = 0,
    ) -> Predictions:
        """Classes with their probabilities q(y|x).

        Args:
            draws: Draws over which probabilities (and bounds) are averaged.
            temperature: Probabilities become proportional to their power of 1 / temperature.
            abstain: Share of the rows, those with the lowest confidence, that get no class.
            bound: Whether to estimate lower bounds on log p(x) as well.
        """
        require_at_least(1, draws=draws)
        x = self._convert(rows)
        with self._use_seed(seed):
            found = predict_rows(self.method, self.space, x, draws, temperature=temperature)
            found = abstain_on_unsure(found, abstain)
            bounds = estimate_row_bounds(self.method, self.space, x, draws) if bound else None
        return replace(found, bounds=bounds)

    def log_prob_bound(self, rows: Rows, *, draws: int = 1, seed: int | None = 0) -> Tensor:
        """Lower bounds on log p(x), means over `draws`, in nats: (n, *shape) -> (n,) float64.

        x is the row as the method sees it; see `inference.prediction.estimate_row_bounds`.
        """
        require_at_least(1, draws=draws)
        x = self._convert(rows)
        with self._use_seed(seed):
            return estimate_row_bounds(self.method, self.space, x, draws)

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

    def save(self, folder: str | Path, extra: Mapping[str, bytes] = MappingProxyType({})) -> Path:
        """Write an artefact, which `load` reads, into a new folder, and return its path.

        `extra` are more files, by name.

        Raises:
            InputError: The folder exists, or no builder made the method.
            NotSaved: It could not be written.
        """
        return write_new_artefact(Path(folder), self.method, self.config, extra, name=self.name)

    def _convert(self, rows: Rows) -> Tensor:
        return convert_rows(rows, self.space, tolerance=_PIXEL_TOLERANCE)

    def _use_seed(self, seed: int | None) -> AbstractContextManager[None]:
        return use_seed(seed, get_device(self.method))
