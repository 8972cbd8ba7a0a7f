"""Stages of a model that sees a person's pictures through a trained network."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import numpy as np
import torch

from ...builders import Recipe
from ...builders.seen_rows import SeenRows
from ...data.dataset import Dataset, add_fingerprint
from ...data.fitting import fit_preprocessor
from ...features.backbones import TrainedBackbone, load_backbone
from ...features.pictures import extract_backbone_features
from ...features.reduction import fit_components
from ...methods.feature_model import FeatureModel
from ...networks.components import Components
from ...plotting.panels import show_surest_mistakes
from ...score import Evaluation, Score
from ...stage import Stage
from ..common import dataset_facts, image_preprocessor

BOUNDS = ("elbo", "importance_bound")
"""Measures that a stage on features leaves out: they would be of features, and look like those of
pixels."""


@dataclass(frozen=True, eq=False)
class PictureFeatures:
    """What a model sees of pictures.

    Attributes:
        name: Name of the network.
        trained: The network.
        components: Components of its features.
        train, test: Rows of components (n, k), with the labels of the pictures.
        note: How many components there are, and why.
    """

    name: str
    trained: TrainedBackbone
    components: Components
    train: Dataset
    test: Dataset
    note: str

    def see(self) -> SeenRows:
        """Components are seen as they are, and have a Gaussian likelihood."""
        return SeenRows(fit_preprocessor(self.train), "gaussian", {})


def get_picture_side(network: str, size: int | None) -> int:
    """Side in pixels of a network's pictures: as asked for, or the network's own.

    Raises:
        InputError: There is no such network, or its weights are missing.
    """
    own = load_backbone(network).backbone.side
    return own if size is None else size


def fit_picture_features(network: str, train: Dataset, test: Dataset, seed: int) -> PictureFeatures:
    """Features of training and test pictures, and the components of the former.

    Raises:
        InputError: There is no such network, its weights are missing, or the rows are no pictures.
        NotSaved: The cache cannot be written.
    """
    trained = load_backbone(network)
    features = [
        extract_backbone_features(trained, network, rows, rows.x.shape[-1])
        for rows in (train, test)
    ]
    fitted = fit_components(features[0], train.y, seed=seed)
    own_train, own_test = (
        _replace_pictures(rows, fitted.transform(own))
        for rows, own in zip((train, test), features, strict=True)
    )
    return PictureFeatures(network, trained, fitted.network, own_train, own_test, fitted.note)


def _replace_pictures(rows: Dataset, components: np.ndarray) -> Dataset:
    """The same rows and labels, of components (n, k)."""
    x = torch.from_numpy(components)
    return add_fingerprint(replace(rows, x=x, frame=None, attributes=None))


def put_on_features(stage: Stage, seen: PictureFeatures, train: Dataset, test: Dataset) -> Stage:
    """A stage of components as one of pictures, whose artefact has the network and components.

    Training goes on seeing components, computed once, and so do the measures of its end; what a
    person asks for later starts from pictures.
    """
    recipe = stage.recipe
    assert recipe is not None
    components, width = seen.components.directions.shape
    arguments = {"network": seen.name, "width": width, "components": components}
    inner = {"builder": recipe.builder, "arguments": dict(recipe.arguments)}
    method = FeatureModel(
        network=seen.trained.network, components=seen.components, model=stage.method
    )
    train = replace(train, notes=(*train.notes, *stage.data["train"].notes, seen.note))
    space, stopping = image_preprocessor(train), stage.stopping
    return replace(
        stage,
        method=method,
        recipe=Recipe("feature_model", {**arguments, "model": inner}),
        space=space,
        evaluations=_measure_inner(
            {name: each for name, each in stage.evaluations.items() if name not in BOUNDS}
        ),
        stopping=stopping and replace(stopping, evaluation=InnerEvaluation(stopping.evaluation)),
        pictures={"surest mistakes": partial(show_surest_mistakes, rows=test, space=space)},
        data={"train": train, "test": test},
        facts={**stage.facts, **dataset_facts(train)},
    )


@final
@dataclass(frozen=True, eq=False)
class InnerEvaluation:
    """A measure of the model of components inside, of rows that are components."""

    evaluation: Evaluation

    def __call__(self, method: Any) -> Score | Mapping[str, Score]:
        assert isinstance(method, FeatureModel)
        return self.evaluation(method.model)


def _measure_inner(evaluations: Mapping[str, Evaluation]) -> dict[str, Evaluation]:
    return {name: InnerEvaluation(each) for name, each in evaluations.items()}
