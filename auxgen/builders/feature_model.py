"""Models of features of a trained network of photographs."""

from collections.abc import Mapping
from typing import Any

from ..method import Method
from ..methods.feature_model import FeatureModel
from ..networks.backbones import build_backbone
from ..networks.components import Components
from . import Recipe


def feature_model(*, network: str, width: int, components: int, model: Mapping[str, Any]) -> Method:
    """A model that sees pictures through a network, whose weights the artefact has too.

    Args:
        network: A name of `networks.backbones.build_backbone`.
        width: Features of the network.
        components: Principal components of them, which the model sees.
        model: "builder" and "arguments" of the model.
    """
    return FeatureModel(
        network=build_backbone(network).eval().requires_grad_(False),
        components=Components(width, components),
        model=Recipe(model["builder"], model["arguments"]).build(),
    )
