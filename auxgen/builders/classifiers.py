"""Classifiers of vectors and of images."""

from collections.abc import Sequence

from ..method import Method
from ..methods.classifiers import (
    AttributeClassifier,
    Classifier,
    ImageClassifier,
    attribute_distribution,
)
from ..networks.distributions import Conditional, categorical
from ..networks.residual import ResNet
from ..networks.stacked import StackedClassifier
from .likelihoods import make_conditional


def classifier(
    *, x: int, classes: int, hidden: Sequence[int], prior_rows: int, batch_norm: bool = False
) -> Method:
    """A classifier of vectors, the network q(y|x) of `m2`."""
    q_y = make_conditional([x], hidden, classes, categorical, batch_norm=batch_norm)
    return Classifier(q_y=q_y, prior_rows=prior_rows)


def image_classifier(*, channels: int, classes: int, blocks: int, width: int = 16) -> Method:
    """A ResNet that classifies images of any height and width.

    Args:
        blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
        width: Channels of the first stage; features have four times as many dimensions.
    """
    network = ResNet(channels, classes, blocks=blocks, width=width)
    return ImageClassifier(q_y=Conditional(network, categorical))


def attribute_classifier(*, channels: int, attributes: int, blocks: int, width: int = 16) -> Method:
    """A ResNet that predicts each attribute of an image, in the sizes of `image_classifier`."""
    network = ResNet(channels, attributes, blocks=blocks, width=width)
    return AttributeClassifier(q_y=Conditional(network, attribute_distribution))


def stacked_classifier(
    *,
    channels: int,
    size: int,
    classes: int = 0,
    attributes: int = 0,
    width: int = 32,
    hidden: int = 1000,
    pooled: bool = False,
) -> Method:
    """The classifier that regularises VAEs in its authors' code, of either classes or attributes.

    It has `width` channels after its first convolution and a dense layer of `hidden` units;
    `pooled` as in `StackedClassifier`.
    """
    out = classes or attributes
    network = StackedClassifier(channels, size, out, width=width, hidden=hidden, pooled=pooled)
    if classes:
        return ImageClassifier(q_y=Conditional(network, categorical))
    return AttributeClassifier(q_y=Conditional(network, attribute_distribution))
