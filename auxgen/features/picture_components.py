"""What a model sees of pictures: principal components of a trained network's features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..builders import Recipe
from ..data.dataset import Dataset, Preprocessor
from ..data.frame import Frame
from ..method import Method
from ..methods.feature_model import FeatureModel
from ..networks.components import Components
from .backbones import TrainedBackbone, load_backbone, parse_backbone_name
from .pictures import extract_backbone_features
from .reduction import FittedComponents, fit_components


@dataclass(frozen=True, eq=False)
class PictureComponents:
    """A trained network, and components of its features.

    Attributes:
        network: Name of the network.
        trained: The network.
        side: Side in pixels at which it sees pictures.
        components: Components of its features.
        note: How many components there are, and why.
    """

    network: str
    trained: TrainedBackbone
    side: int
    components: Components
    note: str = ""

    def compute(self, pictures: Dataset, *, device: str = "cpu") -> np.ndarray:
        """Components of pictures, (n, k) float32; their features come from the cache if they can.

        Raises:
            InputError: The rows are no pictures.
            NotSaved: The cache cannot be written.
        """
        features = extract_backbone_features(
            self.trained, self.network, pictures, self.side, device=device
        )
        return FittedComponents(self.components, self.note).transform(features)

    def make_recipe(self, inner: Recipe) -> Recipe:
        """The recipe of a model of pictures, from that of a model of components."""
        components, width = self.components.directions.shape
        arguments = {"network": self.network, "width": width, "components": components}
        own = {"builder": inner.builder, "arguments": dict(inner.arguments)}
        return Recipe("feature_model", {**arguments, "model": own})

    def put_before(self, model: Method) -> FeatureModel:
        """A model of pictures, from a model of components."""
        return FeatureModel(network=self.trained.network, components=self.components, model=model)


def get_picture_side(network: str, size: int | None = None) -> int:
    """Side in pixels of a network's pictures: as asked for, or that of its name, or its own.

    Raises:
        InputError: There is no such network, or its weights are missing.
    """
    base, named = parse_backbone_name(network)
    own = load_backbone(base).backbone.side  # also where another is asked for: it has to be there
    return size or named or own


def fit_picture_components(
    network: str,
    pictures: Dataset,
    y: Tensor | np.ndarray,
    *,
    side: int | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> PictureComponents:
    """Components of pictures' features, as many as suit labels that are held out.

    Args:
        network: A name of `load_backbone`, with or without a side: "efficientnet-lite0-size=224".
        pictures: Pictures, with and without labels.
        y: Their classes (n,), -1 where unknown.
        side: Side in pixels at which the network sees them; None as for `get_picture_side`.
        seed: Seed of the rows that are held out.
        device: Where features are computed.

    Raises:
        InputError: There is no such network, its weights are missing, or the rows are no pictures.
        NotSaved: The cache cannot be written.
    """
    base, named = parse_backbone_name(network)
    trained = load_backbone(base)
    side = side or named or trained.backbone.side
    features = extract_backbone_features(trained, base, pictures, side, device=device)
    fitted = fit_components(features, y, seed=seed)
    return PictureComponents(base, trained, side, fitted.network, fitted.note)


def make_picture_space(side: int, classes: tuple[str, ...]) -> Preprocessor:
    """How a model sees pictures of these sides in colour."""
    shape = (3, side, side)
    return Preprocessor(
        kind="images", shape=shape, flat=False, classes=classes, frame=Frame(size=side)
    )
