"""Models of artefacts, of runs, and of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import hub
from ..builders.artefact import read_artefact, restore_weights
from ..data.dataset import Preprocessor
from ..errors import InputError, unknown_name
from ..method import Method
from .model import Model
from .run_files import list_trained_stages, read_run_config


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
    trained = list_trained_stages(path, read_run_config(path))
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
