"""Models: a trained method with its preprocessor, and all that people do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from inspect import Parameter, signature
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from . import hub
from .builders.artefact import read_artefact, restore_weights, write_artefact
from .data.array_inputs import convert_array
from .data.columns import is_frame
from .data.dataset import Dataset, Preprocessor
from .engine.device import resolve_device
from .errors import InputError, require_at_least, unknown_name
from .files import make_exists_error, read_json
from .functional.differences import DifferenceFilter
from .functional.directions import (
    Direction,
    fit_linear_probe,
    fit_mean_difference,
    get_direction,
)
from .inference import codes as latent
from .inference import editing
from .inference.codes import ClassLabels, convert_class_labels, sample_rows
from .inference.disentangling import disentangle_moves
from .inference.editing import EditedRows
from .inference.filling import fill_rows
from .inference.prediction import Predictions, abstain_on_unsure, estimate_row_bounds, predict_rows
from .method import Decodes, Method, SamplesByClass, require
from .rng import get_device, use_seed

if TYPE_CHECKING:
    from pandas import DataFrame

_PIXEL_TOLERANCE = 0.5
"""How far outside [0, 1] pixels may lie, as samples of Gaussian models do."""

Rows: TypeAlias = "Tensor | np.ndarray | DataFrame"
"""Raw rows of shape (n, *shape), images as pixels in [0, 1] or as uint8, points and table rows in
their own units. Flattened rows, one row alone, and images with channels last are understood as
well; rows of a table as a DataFrame too."""


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
        parameter = signature(require(self.method, Decodes).decode).parameters.get("y")
        if y is None and parameter is not None and parameter.default is Parameter.empty:
            name = type(self.method).__name__
            raise InputError(f"{name} decodes a code under a class; expected classes y.")
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
        interpolate = partial(latent.interpolate_rows, steps=steps, between=way)
        with self._use_seed(seed):
            return interpolate(self.method, self.space, x[:-1], x[1:])

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
            if not bound:
                return found
            return replace(found, bounds=estimate_row_bounds(self.method, self.space, x, draws))

    def log_prob_bound(self, rows: Rows, *, draws: int = 1, seed: int | None = 0) -> Tensor:
        """Lower bounds on log p(x), means over `draws`, in nats: (n, *shape) -> (n,) float64.

        x is the row as the method sees it; see `inference.prediction.estimate_row_bounds`.
        """
        require_at_least(1, draws=draws)
        x = self._convert(rows)
        with self._use_seed(seed):
            return estimate_row_bounds(self.method, self.space, x, draws)

    def edit(
        self,
        rows: Rows,
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
            distances: Names of attributes with distances, such as {"Eyeglasses": 3, "Smiling": -1}.
            target_probability: Probability of the attributes at which to stop on the way.
            keep: Attributes to keep as they are: their directions are projected out.
            by: Training rows with the attributes to keep; directions are turned to where these
                change least in what the model decodes.
            probe: Rows with attributes to which directions are fitted; None for the directions of
                the model's own classifier.
            means: Whether these lead from the mean code of the rows without an attribute to that of
                the rows with it; along linear probes of their codes otherwise.
            strength: Multiplier of the difference that is added to a picture.
            reconstruction: Whether to return what is decoded, and not the pictures with the
                difference.
        """
        method, space, x = self.method, self.space, self._convert(rows)
        whole = reconstruction or space.kind != "images"
        if whole and strength != 1:
            raise InputError(
                "A strength multiplies the difference that is added to a photograph; a "
                "reconstruction is edited by the distance alone."
            )
        if means and probe is None:
            raise InputError("Means are those of rows with attributes; expected a probe as well.")
        difference = None if whole else DifferenceFilter(strength=strength)
        with self._use_seed(seed):
            if probe is None:
                known = editing.get_classifier_directions(method, space)
            else:
                fit = fit_mean_difference if means else fit_linear_probe
                known = editing.fit_probe_directions(method, space, probe, fit)
            moves = editing.make_moves(distances, known, keep if by is None else ())
            if by is not None:
                moves = disentangle_moves(method, space, moves, by, keep)
            return editing.edit_rows(
                method, space, x, moves, target_probability, difference=difference
            )

    def direction(self, name: str) -> Direction:
        """The direction in which the model's own logit of an attribute rises.

        Raises:
            InputError: The model predicts no attributes by its code, or not this one.
        """
        return get_direction(editing.get_classifier_directions(self.method, self.space), name)

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
        folder = Path(folder)
        if folder.exists():
            raise make_exists_error(folder)
        if "builder" not in self.config:
            raise InputError(
                f"{self.name} has no recipe, so that its artefact could not be loaded; give its "
                "Stage a recipe=Recipe(builder, arguments)."
            )
        write_artefact(folder, self.method, self.config, extra)
        return folder

    def _convert(self, rows: Rows) -> Tensor:
        """Raw rows (n, *shape), on the CPU; those of a DataFrame by the names of its columns."""
        if self.space.table is not None and is_frame(rows):
            rows = self.space.table.encode(rows)
        if isinstance(rows, Tensor):
            rows = (rows.float() if rows.dtype == torch.bfloat16 else rows).detach().cpu().numpy()
        return convert_array(np.asarray(rows), self.space, tolerance=_PIXEL_TOLERANCE)

    def _use_seed(self, seed: int | None) -> AbstractContextManager[None]:
        return use_seed(seed, get_device(self.method))


def load(
    path: str | Path, stage: str | None = None, *, experiment: Mapping[str, Any] | None = None
) -> Model:
    """Load the model of an artefact, or of a run: its last stage that a builder made, or `stage`.

    JSON and safetensors are read; nothing in the folder is executed.

    Args:
        path: Folder of an artefact or of a run, or hf://USER/MODEL@COMMIT for one on the Hugging
            Face hub.
        stage: Name of a stage of the run.
        experiment: The run's stages, where these have no recipe: their own methods get the weights.

    Raises:
        InputError: There is no such folder or stage, or it is damaged, or only the experiment can
            make its method again.
    """
    path = hub.fetch_artefact(path) if hub.is_hub_name(path) else Path(path)
    if not (path / "run.json").exists():
        return _make_model(path, *read_artefact(path))
    stages = read_json(path / "run.json", "run").get("stages", [])
    trained = [s for s in stages if (path / s / "model.safetensors").exists()]
    missing = f"{path} has no trained stage"
    if not trained:
        raise InputError(f"{missing} yet; continue with: auxgen train --resume {path}.")
    if stage is not None and stage not in trained:
        raise InputError(f"{missing} {stage!r}; it has {', '.join(trained)}.")
    if experiment is not None:
        return _load_stage(path, stage or trained[-1], experiment)
    built = [s for s in trained if (path / s / "config.json").exists()]
    if not built or (stage is not None and stage not in built):
        raise InputError(
            f"{path} has weights of stage {stage or trained[-1]}, but no builder that makes its "
            "method: give the Stage a recipe=Recipe(builder, arguments), or let its own file make "
            f"it, by {path}/experiment.py in place of {path} or, in Python, by experiment=stages."
        )
    folder = path / (stage or built[-1])
    return _make_model(folder, *read_artefact(folder))


def _load_stage(run: Path, name: str, experiment: Mapping[str, Any]) -> Model:
    """The model of a run's stage, whose method its experiment has made."""
    if name not in experiment:
        raise unknown_name("stage", name, experiment)
    method, space = experiment[name].method, experiment[name].space
    if space is None:
        raise InputError(
            f"The stage {name} does not say how its method sees rows; expected a "
            "space=Preprocessor(...)."
        )
    return _make_model(run / name, method, space, restore_weights(method, run / name))


def _make_model(folder: Path, method: Method, space: Preprocessor, config: dict[str, Any]) -> Model:
    return Model(method.eval().requires_grad_(False), space, str(folder), config)
