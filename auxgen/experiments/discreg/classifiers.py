"""Classifiers to regularise by: one trained in the same run, VGG-19, or any trained model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from ...builders import Recipe
from ...builders.discreg import VGG19, get_classifier_network, make_taps
from ...data.dataset import Dataset
from ...errors import InputError
from ...features.backbones import load_backbone
from ...features.pretrained import load_vgg19
from ...features.trained import load_model_for_rows
from ...method import Method
from ...methods.discreg import DiscriminativeVAE
from ...methods.feature_autoencoder import FeatureAutoencoder
from ...networks.backbones import is_backbone_name
from ...networks.efficientnet_lite import EfficientNetLite
from ...networks.residual import ResNet
from ...networks.stacked import STRIDED_LAYERS
from ...networks.taps import TappedNetwork, TappedVGG
from ...stage import Experiment, Stage
from ..common import image_preprocessor
from ..features.plans import FeaturesPlan
from ..features.stages import make_attribute_classifier_stage, make_classifier_stage
from .plans import DiscregPlan

OWN_CLASSIFIER = "own"
VGG_LAYERS = ("relu1_1", "relu2_1", "relu3_1")
RESNET_LAYERS = ("layer1", "layer2", "layer3")


@dataclass(frozen=True, eq=False)
class RegularisingClassifier:
    """A classifier whose layers reconstructions are held to.

    Attributes:
        config: The argument of `builders.discreg.make_taps` that makes it.
        layers: Names of the layers.
        network: The layers with their weights; those of the stage "classifier" once it is trained.
        stage: The stage that trains it in the run itself; None where it is trained already.
    """

    config: str | Mapping[str, Any]
    layers: tuple[str, ...]
    network: TappedNetwork | TappedVGG
    stage: Stage | None

    def copy_weights_to(self, method: Method) -> None:
        """Give a VAE's or an autoencoder's layers the weights, which nothing changes afterwards."""
        assert isinstance(method, DiscriminativeVAE | FeatureAutoencoder)
        taps = method.d if isinstance(method, DiscriminativeVAE) else method.h
        taps.load_state_dict(self.network.state_dict())

    def put_before(self, stages: Mapping[str, Stage]) -> Experiment:
        """The stages, after the classifier's own where the run trains it."""
        return {**({} if self.stage is None else {"classifier": self.stage}), **stages}


def build_regularising_classifier(
    classifier: str,
    layers: tuple[str, ...],
    splits: Mapping[str, Dataset],
    plan: DiscregPlan,
    seed: int,
    scale_epochs: float = 1.0,
) -> RegularisingClassifier:
    """A classifier by name.

    Args:
        classifier: own, trained in this run; vgg19; efficientnet-lite0, efficientnet-lite2 or
            timm:NAME; features.SET; or a folder of a classifier.
        layers: Names of its layers; its usual ones when empty.
        splits: Raw rows of train and test, with classes or attributes for an own classifier.
        plan: How large an own one is, and how it is trained.
        seed: Seed of the order of its rows.
        scale_epochs: Factor on its passes.

    Raises:
        MissingExtractor: It is one of ours and not trained yet.
        InputError: There is no such classifier or layer, or it sees other images.
    """
    if classifier == VGG19:
        layers = layers or VGG_LAYERS
        return RegularisingClassifier(VGG19, layers, TappedVGG(load_vgg19(), layers), None)
    if is_backbone_name(classifier):
        return _tap_backbone(classifier, layers, splits["train"])
    if classifier == OWN_CLASSIFIER:
        stage = _make_own_stage(splits["train"], splits["test"], plan, seed, scale_epochs)
        return _tap_own_stage(stage, layers or STRIDED_LAYERS)
    found = load_model_for_rows(classifier, splits["train"])
    config = {key: found.config[key] for key in ("builder", "arguments", "space")}
    network = get_classifier_network(found.method, classifier)
    layers = layers or _get_default_layers(network)
    return RegularisingClassifier(config, layers, TappedNetwork(network, layers, found.space), None)


def _tap_backbone(name: str, layers: tuple[str, ...], train: Dataset) -> RegularisingClassifier:
    """The layers of a network of photographs, which sees images at their own size."""
    if train.x.shape[1] != 3:
        raise InputError(
            f"{name} sees colours, and images of {train.name} are grey; coloured ones, or another "
            "classifier, are expected."
        )
    network = load_backbone(name).network
    layers = layers or _get_default_layers(network)
    return RegularisingClassifier(name, layers, TappedNetwork(network, layers), None)


def _make_own_stage(
    train: Dataset, test: Dataset, plan: DiscregPlan, seed: int, scale_epochs: float
) -> Stage:
    """The stage of the authors' classifier, of classes or of attributes."""
    width, attributes = plan.classifier_width, train.attributes
    channels, size, _ = train.x.shape[1:]
    sizes = {"channels": channels, "size": size, "width": width, "hidden": plan.classifier_hidden}
    if plan.classifier_pooled:
        sizes["pooled"] = True
    if attributes is None:
        outputs, make_stage = {"classes": len(train.classes)}, make_classifier_stage
    else:
        outputs, make_stage = {"attributes": attributes.shape[1]}, make_attribute_classifier_stage
    training = FeaturesPlan(
        epochs=plan.classifier_epochs * scale_epochs,
        lr=plan.classifier_lr,
        batch=plan.classifier_batch,
        width=width,
    )
    recipe = Recipe("stacked_classifier", {**sizes, **outputs})
    return make_stage(train, test, training, seed=seed, recipe=recipe)


def _tap_own_stage(stage: Stage, layers: tuple[str, ...]) -> RegularisingClassifier:
    """The layers of a classifier that is not trained yet."""
    recipe = stage.recipe
    assert recipe is not None
    space = replace(image_preprocessor(stage.data["train"]), classes=())
    config = {"builder": recipe.builder, "arguments": recipe.arguments, "space": space.to_json()}
    make_taps(config, layers)  # names of layers are checked before anything is trained
    network = get_classifier_network(stage.method, recipe.builder)
    return RegularisingClassifier(config, layers, TappedNetwork(network, layers, space), stage)


def _get_default_layers(network: nn.Module) -> tuple[str, ...]:
    """The layers at which a network is tapped when a person names none."""
    if isinstance(network, ResNet):
        return RESNET_LAYERS
    if isinstance(network, EfficientNetLite):
        return network.stage_ends[:3]
    known = dict(network.named_modules())
    if all(layer in known for layer in STRIDED_LAYERS):
        return STRIDED_LAYERS
    named = ", ".join(filter(None, known))
    raise InputError(f"{type(network).__name__} has no usual layers; name some of {named}.")
