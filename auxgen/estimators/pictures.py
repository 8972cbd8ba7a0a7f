"""Pictures as rows of an estimator: seen through a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_consistent_length

from ..builders import Recipe
from ..builders.artefact import make_artefact_config
from ..builders.seen_rows import SeenRows
from ..data.arrays import load_arrays
from ..data.columns import is_frame
from ..data.dataset import Dataset
from ..data.fitting import fit_preprocessor
from ..data.picture_inputs import read_pictures
from ..engine.device import resolve_device
from ..errors import InputError
from ..features.backbones import make_backbone
from ..features.picture_components import (
    PictureComponents,
    fit_picture_components,
    get_picture_side,
    make_picture_space,
)
from ..methods.feature_model import FeatureModel
from ..model import Model
from ..terminal import print_notes
from .labels import read_labels


def check_network(name: str, value: Any) -> None:
    """Raise InputError unless the value may be the name of a network, or None."""
    if value is not None and not isinstance(value, str):
        raise InputError(
            f"{name} is {value!r}; expected the name of a trained network such as "
            "'efficientnet-lite0', or None."
        )


def fit_pictures(estimator: Any, X: Any, y: Any) -> PictureComponents | None:
    """The components of pictures X that labels y choose; None for an estimator of other rows.

    With a warm start those of the last fit are kept.

    Raises:
        InputError: There is no such network, its weights are missing, or X are no pictures.
        NotSaved: The cache cannot be written.
    """
    if estimator.features is None:
        return None
    if estimator.likelihood is not None or estimator.library_size:
        raise InputError(
            "likelihood and library_size are of a table's columns; expected their defaults where "
            "features of pictures are learned from."
        )
    known = estimator._pictures
    if estimator.warm_start and known is not None:
        return known
    side = get_picture_side(estimator.features)
    rows = load_pictures(X, side)
    places = read_labels(y, estimator.unlabelled).places
    check_consistent_length(rows.x, places)
    device = resolve_device(estimator.device)
    return fit_picture_components(estimator.features, rows, places, device=device)


def see_pictures(estimator: Any, X: Any) -> Any:
    """Components (n, k) float64 of the pictures X; X itself where rows are no pictures."""
    pictures: PictureComponents | None = estimator._pictures
    if pictures is None:
        return X
    rows = load_pictures(X, pictures.side)
    found = pictures.compute(rows, device=resolve_device(estimator.device))
    return found.astype(np.float64)


def load_pictures(X: Any, side: int) -> Dataset:
    """Pictures of an array, as `data.arrays.load_arrays` takes it, or of files by their paths.

    Pictures of files are cut to a square and resized to a side in pixels.

    Raises:
        InputError: X are no pictures, or a file is none.
    """
    if isinstance(X, str | Path) or is_frame(X):
        raise InputError(
            f"X is a {type(X).__name__}; expected pictures (n, h, w, c), or a list of their paths."
        )
    files = None if isinstance(X, torch.Tensor) else _list_paths(X)
    if files is None:
        return load_arrays(X)
    space = make_picture_space(side, ())
    x, _, notes = read_pictures(files, [str(file) for file in files], space, resize=True)
    print_notes(notes)
    return load_arrays(x)


def _list_paths(X: Any) -> list[Path] | None:
    """X as paths of files; None where it holds no texts."""
    if np.ndim(X) != 1 or not all(isinstance(each, str | Path) for each in X):
        return None
    return [Path(each).expanduser() for each in X]


def see_components(x: np.ndarray, names: tuple[str, ...]) -> SeenRows:
    """Components (n, k) are seen as they are: the last ones vary less, and are mostly noise."""
    rows = Dataset(torch.from_numpy(x), torch.full((len(x),), -1), names, "rows", "")
    return SeenRows(fit_preprocessor(rows), "gaussian", {})


def add_pictures(pictures: PictureComponents, model: Model) -> Model:
    """The model of pictures, of a model of their components."""
    recipe = Recipe(model.config["builder"], model.config["arguments"])
    space = make_picture_space(pictures.side, model.space.classes)
    config = make_artefact_config(pictures.make_recipe(recipe), space, model.config["card"])
    return Model(pictures.put_before(model.method), space, model.name, config)


def take_off_pictures(model: Model, network: str) -> tuple[PictureComponents, Model]:
    """What `add_pictures` joined.

    Raises:
        InputError: The model sees no pictures through a network.
    """
    method = model.method
    if not isinstance(method, FeatureModel):
        raise InputError(
            f"{model.name} sees no pictures through {network}; expected an artefact of `save`."
        )
    pictures = PictureComponents(
        model.config["arguments"]["network"],
        make_backbone(method.network),
        model.space.shape[-1],
        method.components,
    )
    width = len(method.components.directions)
    inner = model.config["arguments"]["model"]
    space = see_components(np.zeros((1, width)), model.space.classes).space
    recipe = Recipe(inner["builder"], inner["arguments"])
    config = make_artefact_config(recipe, space, model.config["card"])
    return pictures, Model(method.model, space, model.name, config)
