"""VAEs of images regularised by a classifier, and what their experiments need beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from ..data.dataset import Preprocessor
from ..errors import InputError, unknown_name
from ..functional.schedules import linear_warm_up
from ..method import Method
from ..methods.adjusted_vae import AdjustedVAE
from ..methods.attribute_classifier import AttributeClassifier, attribute_distribution
from ..methods.classifiers import ImageClassifier
from ..methods.discreg import DiscriminativeVAE
from ..methods.feature_autoencoder import FeatureAutoencoder
from ..methods.vae import VAE
from ..networks.blur import Blur
from ..networks.distributions import (
    Conditional,
    FreeScaleNormal,
    StandardNormal,
    bounded_normal,
    categorical,
)
from ..networks.stacked import StackedClassifier, StackedDecoder, StackedEncoder
from ..networks.taps import TappedNetwork, TappedVGG
from ..networks.vgg import VGG
from . import Recipe

VGG19 = "vgg19"


def stacked_vae(*, images: Mapping[str, Any], scale: float = 1.0) -> Method:
    """A VAE of images with a free scale for each entry.

    Args:
        images: See `_make_vae_parts`.
        scale: Of every entry of p(x|z) at the start; 1 in the authors' code.
    """
    return VAE(**_make_vae_parts(**images, scale=scale), warm_up=partial(linear_warm_up, steps=0))


def stacked_adjusted_vae(*, images: Mapping[str, Any]) -> Method:
    """The networks of `stacked_vae`, of which the encoder alone learns."""
    return AdjustedVAE(**_make_vae_parts(**images, scale=1.0))


def stacked_discriminative_vae(
    *,
    images: Mapping[str, Any],
    classifier: str | Mapping[str, Any],
    layers: Sequence[str],
    weights: Sequence[float] | None = None,
    encoder_grad: bool = True,
    scale: float = 1.0,
    feature_scale: float = 1.0,
) -> Method:
    """A VAE of images whose reconstructions are to look like the rows to a classifier.

    Args:
        images: See `_make_vae_parts`.
        classifier: See `make_taps`.
        layers: Of it, by name.
        weights: Of each layer; 1 when not given.
        encoder_grad: Whether the encoder learns from the classifier too.
        scale: Of every entry of p(x|z) at the start; 1 in the authors' code.
        feature_scale: Of every entry of all p(d_l(x)|z) at the start; 1 likewise.
    """
    return build_discriminative_vae(
        make_taps(classifier, layers),
        images=images,
        weights=weights,
        encoder_grad=encoder_grad,
        scale=scale,
        feature_scale=feature_scale,
    )


def build_discriminative_vae(
    d: TappedNetwork | TappedVGG,
    *,
    images: Mapping[str, Any],
    weights: Sequence[float] | None = None,
    encoder_grad: bool = True,
    scale: float = 1.0,
    feature_scale: float = 1.0,
) -> DiscriminativeVAE:
    """The same by layers of any network, with its weights: `networks.taps.Tapped(network, layers)`.

    Args:
        d: The layers; held fixed, in eval mode.
        images: See `_make_vae_parts`.
        weights: Of each layer; 1 when not given.
        encoder_grad: Whether the encoder learns from the network too.
        scale: See above.
        feature_scale: See above.

    Raises:
        InputError: There are more or fewer weights than layers.
    """
    weights = [1.0] * len(d.layers) if weights is None else weights
    if len(weights) != len(d.layers):
        raise InputError(f"{len(weights)} weights for {len(d.layers)} layers; one each is wanted.")
    shape = (2, images["channels"], images["size"], images["size"])
    with torch.no_grad():
        shapes = {layer: h.shape[1:] for layer, h in d.eval()(torch.zeros(shape)).items()}
    return DiscriminativeVAE(
        **_make_vae_parts(**images, scale=scale),
        d=d,
        p_d={layer: FreeScaleNormal(shapes[layer], feature_scale) for layer in d.layers},
        weights=dict(zip(d.layers, weights, strict=True)),
        encoder_grad=encoder_grad,
    )


def stacked_feature_autoencoder(
    *,
    images: Mapping[str, Any],
    classifier: str | Mapping[str, Any],
    layers: Sequence[str],
    blur: float = 0.0,
) -> Method:
    """An autoencoder that only a classifier's features teach.

    Args:
        images: See `_make_vae_parts`; z is the width of the code.
        classifier: See `make_taps`.
        layers: Of it, by name.
        blur: Standard deviation of the blur of its features, in places of their maps; 0 for none.
    """
    channels, size, z, widths, hidden = (
        images[key] for key in ("channels", "size", "z", "widths", "hidden")
    )
    return FeatureAutoencoder(
        encoder=StackedEncoder(channels, size, widths, hidden, z),
        decoder=StackedDecoder(z, channels, size, widths, hidden),
        h=make_taps(classifier, layers),
        b=Blur(blur) if blur else nn.Identity(),
    )


def stacked_classifier(
    *,
    channels: int,
    size: int,
    classes: int = 0,
    attributes: int = 0,
    width: int = 32,
    hidden: int = 1000,
) -> Method:
    """The classifier of the authors, of either classes or attributes.

    Args:
        channels: Of the images.
        size: Their height and width.
        classes: Number of classes.
        attributes: Number of attributes.
        width: Channels of the first convolution.
        hidden: Width of the dense layer.
    """
    out = classes or attributes
    network = StackedClassifier(channels, size, out, width=width, hidden=hidden)
    if classes:
        return ImageClassifier(q_y=Conditional(network, categorical))
    return AttributeClassifier(q_y=Conditional(network, attribute_distribution))


def _make_vae_parts(
    *,
    channels: int,
    size: int,
    z: int,
    widths: Sequence[int],
    hidden: int,
    scale: float,
) -> dict[str, Any]:
    """q(z|x), p(z) and p(x|z) of images.

    Args:
        channels: Of the images.
        size: Their height and width, a multiple of 2 to the number of widths.
        z: Width of the code.
        widths: Channels at each resolution, from the images on.
        hidden: Width of the dense layers.
        scale: Of every entry of p(x|z) at the start.
    """
    decoder = StackedDecoder(z, channels, size, widths, hidden)
    family = FreeScaleNormal((channels, size, size), scale)
    return {
        "q_z": Conditional(StackedEncoder(channels, size, widths, hidden, 2 * z), bounded_normal),
        "p_z": StandardNormal(z),
        "p_x": Conditional(decoder, family),
    }


def make_taps(
    classifier: str | Mapping[str, Any], layers: Sequence[str]
) -> TappedNetwork | TappedVGG:
    """Layers of a classifier, without its weights.

    Args:
        classifier: "vgg19", or a model with a classifier of images: builder, arguments and space,
            as in the config.json of its artefact.
        layers: By name.

    Raises:
        InputError: There is no such classifier or layer.
    """
    if isinstance(classifier, str):
        if classifier != VGG19:
            raise unknown_name("classifier", classifier, [VGG19])
        return TappedVGG(VGG(), layers)
    method = Recipe(classifier["builder"], classifier["arguments"]).build()
    network = get_classifier_network(method, classifier["builder"])
    return TappedNetwork(network, layers, Preprocessor.from_json(dict(classifier["space"])))


def get_classifier_network(method: Method, name: str) -> nn.Module:
    """The network of a classifier's q(y|x).

    Raises:
        InputError: It is no classifier of images.
    """
    network = getattr(getattr(method, "q_y", None), "network", None)
    if not isinstance(network, nn.Module):
        raise InputError(f"{name} is no classifier of images; one is wanted.")
    return network
