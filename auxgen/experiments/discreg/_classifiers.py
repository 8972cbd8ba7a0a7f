"""Classifiers to regularise by: one trained in the same run, VGG-19, or any trained model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from ...builders import Recipe
from ...builders.discreg import VGG19, get_classifier_network, make_taps
from ...data.dataset import Dataset, Preprocessor
from ...errors import InputError
from ...features.pretrained import load_vgg19
from ...features.trained import load_model_for_rows
from ...networks.residual import ResNet
from ...networks.stacked import STRIDED_LAYERS
from ...networks.taps import TappedNetwork, TappedVGG
from ...stage import Stage
from ..features._stages import Plan, make_attribute_classifier_stage, make_classifier_stage

OWN_CLASSIFIER = "own"
VGG_LAYERS = ("relu1_1", "relu2_1", "relu3_1")
RESNET_LAYERS = ("layer1", "layer2", "layer3")

Size = Literal["channels", "size", "width", "hidden"]


@dataclass(frozen=True, eq=False)
class RegularisingClassifier:
    """A classifier whose layers reconstructions are held to.

    Attributes:
        config: What `builders.discriminative.taps` makes of it.
        layers: By name.
        network: The layers with their weights; those of the stage "classifier" once it is trained.
        stage: Where it is trained in the run itself, else None.
    """

    config: str | Mapping[str, Any]
    layers: tuple[str, ...]
    network: TappedNetwork | TappedVGG
    stage: Stage | None

    def copy_weights_to(self, target: nn.Module) -> None:
        """Give taps of the same layers the weights, which nobody changes afterwards."""
        target.load_state_dict(self.network.state_dict())


def build_regularising_classifier(
    classifier: str,
    layers: tuple[str, ...] | None,
    train: Dataset,
    test: Dataset,
    plan: Plan,
    hidden: int,
) -> RegularisingClassifier:
    """A classifier by name.

    Args:
        classifier: own, trained in this run; vgg19; features.SET; or a folder of a classifier.
        layers: By name; a classifier's usual ones when None.
        train: Raw rows, with classes or attributes where the classifier is to be trained.
        test: Raw rows it is measured on.
        plan: How an own one is trained.
        hidden: Width of its dense layer.

    Raises:
        InputError: There is no such classifier or layer, or it sees other images.
    """
    if classifier == VGG19:
        chosen = layers or VGG_LAYERS
        return RegularisingClassifier(VGG19, chosen, TappedVGG(load_vgg19(), chosen), None)
    if classifier == OWN_CLASSIFIER:
        return _build_own_classifier(train, test, plan, hidden, layers or STRIDED_LAYERS)
    found = load_model_for_rows(classifier, train)
    told = {key: found.config[key] for key in ("builder", "arguments", "space")}
    network = get_classifier_network(found.method, classifier)
    chosen = layers or _get_default_layers(network)
    return RegularisingClassifier(told, chosen, TappedNetwork(network, chosen, found.space), None)


def _build_own_classifier(
    train: Dataset, test: Dataset, plan: Plan, hidden: int, layers: tuple[str, ...]
) -> RegularisingClassifier:
    """The authors' classifier, trained on the same rows."""
    channels, size, _ = train.x.shape[1:]
    sizes = {"channels": channels, "size": size, "width": plan.width, "hidden": hidden}
    if train.attributes is None:
        made = Recipe("stacked_classifier", {**sizes, "classes": len(train.classes)})
        stage = make_classifier_stage(train, test, plan, made)
    else:
        made = Recipe("stacked_classifier", {**sizes, "attributes": train.attributes.shape[1]})
        stage = make_attribute_classifier_stage(train, test, plan, made)
    space = Preprocessor(kind="images", shape=tuple(train.x.shape[1:]), flat=False)
    told = {"builder": made.builder, "arguments": made.arguments, "space": space.to_json()}
    make_taps(told, layers)  # names of layers are checked before anything is trained
    network = get_classifier_network(stage.method, made.builder)
    return RegularisingClassifier(told, layers, TappedNetwork(network, layers, space), stage)


def _get_default_layers(network: nn.Module) -> tuple[str, ...]:
    """The layers that a network is tapped at unless told otherwise."""
    if isinstance(network, ResNet):
        return RESNET_LAYERS
    known = dict(network.named_modules())
    if all(layer in known for layer in STRIDED_LAYERS):
        return STRIDED_LAYERS
    named = ", ".join(filter(None, known))
    raise InputError(f"{type(network).__name__} has no usual layers; name some of {named}.")
