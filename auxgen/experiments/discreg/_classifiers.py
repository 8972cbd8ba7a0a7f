"""Classifiers to regularise by: one trained in the same run, VGG-19, or any trained model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from ...builders import Recipe
from ...builders.discreg import VGG19, network_of, taps
from ...data.dataset import Examples, Space
from ...errors import InputError
from ...features.pretrained import vgg19
from ...features.trained import model_for
from ...networks.residual import ResNet
from ...networks.stacked import STRIDED
from ...networks.taps import Tapped, TappedVGG
from ...stage import Stage
from ..features._stages import Plan, by_attribute, by_class

OWN = "own"
OF_VGG = ("relu1_1", "relu2_1", "relu3_1")
OF_RESNET = ("layer1", "layer2", "layer3")

Size = Literal["channels", "size", "width", "hidden"]


@dataclass(frozen=True, eq=False)
class Judge:
    """A classifier whose layers reconstructions are held to.

    Attributes:
        told: What `builders.discriminative.taps` makes of it.
        layers: By name.
        network: The layers with their weights; those of the stage "classifier" once it is trained.
        stage: Where it is trained in the run itself, else None.
    """

    told: str | Mapping[str, Any]
    layers: tuple[str, ...]
    network: Tapped | TappedVGG
    stage: Stage | None

    def swear_in(self, taps: nn.Module) -> None:
        """Give taps of the same layers the weights, which nobody changes afterwards."""
        taps.load_state_dict(self.network.state_dict())


def judge(
    classifier: str,
    layers: tuple[str, ...] | None,
    train: Examples,
    test: Examples,
    plan: Plan,
    hidden: int,
) -> Judge:
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
        chosen = layers or OF_VGG
        return Judge(VGG19, chosen, TappedVGG(vgg19(), chosen), None)
    if classifier == OWN:
        return own(train, test, plan, hidden, layers or STRIDED)
    found = model_for(classifier, train)
    told = {key: found.config[key] for key in ("builder", "arguments", "space")}
    network = network_of(found.method, classifier)
    chosen = layers or usual(network)
    return Judge(told, chosen, Tapped(network, chosen, found.space), None)


def own(train: Examples, test: Examples, plan: Plan, hidden: int, layers: tuple[str, ...]) -> Judge:
    """The authors' classifier, trained on the same rows."""
    channels, size, _ = train.x.shape[1:]
    sizes = {"channels": channels, "size": size, "width": plan.width, "hidden": hidden}
    if train.attributes is None:
        made = Recipe("stacked_classifier", {**sizes, "classes": len(train.classes)})
        stage = by_class(train, test, plan, made)
    else:
        made = Recipe("stacked_classifier", {**sizes, "attributes": train.attributes.shape[1]})
        stage = by_attribute(train, test, plan, made)
    space = Space(kind="images", shape=tuple(train.x.shape[1:]), flat=False)
    told = {"builder": made.builder, "arguments": made.arguments, "space": space.to_json()}
    taps(told, layers)  # names of layers are checked before anything is trained
    network = network_of(stage.method, made.builder)
    return Judge(told, layers, Tapped(network, layers, space), stage)


def usual(network: nn.Module) -> tuple[str, ...]:
    """The layers that a network is tapped at unless told otherwise."""
    if isinstance(network, ResNet):
        return OF_RESNET
    known = dict(network.named_modules())
    if all(layer in known for layer in STRIDED):
        return STRIDED
    named = ", ".join(filter(None, known))
    raise InputError(f"{type(network).__name__} has no usual layers; name some of {named}.")
