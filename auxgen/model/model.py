"""Models: a trained method with its preprocessor, and all that people do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from ..builders.artefact import write_new_artefact
from ..data.array_inputs import Rows
from ..errors import require_at_least
from ..inference import codes as latent
from ..inference.codes import ClassLabels, convert_class_labels, sample_rows
from ..inference.filling import fill_rows
from ..inference.prediction import Predictions, abstain_on_unsure, estimate_row_bounds, predict_rows
from ..method import SamplesByClass, require
from .edits import EditingModel


class Model(EditingModel):
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

    def save(self, folder: str | Path, extra: Mapping[str, bytes] = MappingProxyType({})) -> Path:
        """Write an artefact, which `load` reads, into a new folder, and return its path.

        `extra` are more files, by name.

        Raises:
            InputError: The folder exists, or no builder made the method.
            NotSaved: It could not be written.
        """
        return write_new_artefact(Path(folder), self.method, self.config, extra, name=self.name)
