"""Classifiers, of vectors and of images."""

from __future__ import annotations

from collections.abc import Sequence

from ..method import Method
from ..methods.attribute_classifier import AttributeClassifier, attribute_distribution
from ..methods.classifier import Classifier
from ..methods.classifiers import ImageClassifier
from ..networks.distributions import Conditional, categorical
from ..networks.mlp import MLP
from ..networks.residual import ResNet


def classifier(
    *, x: int, classes: int, hidden: Sequence[int], prior_rows: int, batch_norm: bool = False
) -> Method:
    """A classifier of vectors, the network q(y|x) of `m2`."""
    network = MLP([x], hidden, classes, batch_norm=batch_norm)
    return Classifier(q_y=Conditional(network, categorical), prior_rows=prior_rows)


def image_classifier(*, channels: int, classes: int, blocks: int, width: int = 16) -> Method:
    """A ResNet that classifies images of any height and width.

    Args:
        channels: Of the images.
        classes: Number of classes.
        blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
        width: Channels of the first stage; features have four times as many dimensions.
    """
    network = ResNet(channels, classes, blocks=blocks, width=width)
    return ImageClassifier(q_y=Conditional(network, categorical))


def attribute_classifier(*, channels: int, attributes: int, blocks: int, width: int = 16) -> Method:
    """A ResNet that answers yes or no to each attribute of an image.

    Args:
        channels: Of the images.
        attributes: Number of attributes.
        blocks: As for `image_classifier`.
        width: As for `image_classifier`.
    """
    network = ResNet(channels, attributes, blocks=blocks, width=width)
    return AttributeClassifier(q_y=Conditional(network, attribute_distribution))
