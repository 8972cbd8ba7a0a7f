"""Stages of a model that sees a person's pictures through a trained network."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import numpy as np
import torch

from ...builders.seen_rows import SeenRows
from ...data.dataset import Dataset, add_fingerprint
from ...data.fitting import fit_preprocessor
from ...features.picture_components import PictureComponents, fit_picture_components
from ...methods.feature_model import FeatureModel
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
        components: Components of a network's features.
        train, test: Rows of components (n, k), with the labels of the pictures.
    """

    components: PictureComponents
    train: Dataset
    test: Dataset

    def see(self) -> SeenRows:
        """Components are seen as they are, and have a Gaussian likelihood."""
        return SeenRows(fit_preprocessor(self.train), "gaussian", {})


def fit_picture_features(network: str, train: Dataset, test: Dataset, seed: int) -> PictureFeatures:
    """Features of training and test pictures, and the components of the former.

    Raises:
        InputError: There is no such network, its weights are missing, or the rows are no pictures.
        NotSaved: The cache cannot be written.
    """
    fitted = fit_picture_components(network, train, train.y, side=train.x.shape[-1], seed=seed)
    own_train, own_test = (_replace_pictures(rows, fitted.compute(rows)) for rows in (train, test))
    return PictureFeatures(fitted, own_train, own_test)


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
    train = replace(train, notes=(*train.notes, *stage.data["train"].notes, seen.components.note))
    space, stopping = image_preprocessor(train), stage.stopping
    return replace(
        stage,
        method=seen.components.put_before(stage.method),
        recipe=seen.components.make_recipe(recipe),
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
