"""VAEs of images regularised by a classifier, and the other models of their experiments."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from ..data.dataset import Preprocessor
from ..errors import InputError, unknown_name
from ..functional.schedules import linear_warm_up
from ..method import Method
from ..methods.discreg import AdjustedVAE, DiscriminativeVAE
from ..methods.feature_autoencoder import FeatureAutoencoder
from ..methods.vae import VAE
from ..networks.backbones import VARIANTS, build_backbone, is_backbone_name
from ..networks.distributions import Conditional, FreeScaleNormal, bounded_normal
from ..networks.priors import StandardNormal
from ..networks.stacked import StackedDecoder, StackedEncoder
from ..networks.taps import VGG, Blur, TappedNetwork, TappedVGG
from . import Recipe
from .likelihoods import Sizes

VGG19 = "vgg19"


def stacked_vae(*, images: Sizes, scale: float = 1.0) -> Method:
    """A VAE of images with a free scale for each entry, 1 at the start in the authors' code."""
    return VAE(**_make_vae_parts(**images, scale=scale), warm_up=partial(linear_warm_up, steps=0))


def stacked_adjusted_vae(*, images: Sizes) -> Method:
    """The networks of `stacked_vae`, where only the encoder learns."""
    return AdjustedVAE(**_make_vae_parts(**images, scale=1.0))


def stacked_discriminative_vae(
    *, images: Sizes, classifier: str | Mapping[str, Any], layers: Sequence[str], **rest: Any
) -> Method:
    """A VAE of images whose reconstructions should look like the rows to a classifier.

    Layers are by `make_taps`; other arguments as in `build_discriminative_vae`.
    """
    return build_discriminative_vae(make_taps(classifier, layers), images=images, **rest)


def build_discriminative_vae(
    d: TappedNetwork | TappedVGG,
    *,
    images: Sizes,
    weights: Sequence[float] | None = None,
    encoder_grad: bool = True,
    scale: float = 1.0,
    feature_scale: float = 1.0,
    shift: int = 0,
) -> DiscriminativeVAE:
    """`stacked_discriminative_vae` by layers of any network, such as `TappedNetwork` gives.

    Args:
        d: The layers; held fixed, in eval mode.
        images: Arguments of `_make_vae_parts`.
        weights: Weight of each layer; 1 when None.
        encoder_grad: Whether the encoder learns from the network too.
        scale: Scale of every entry of p(x|z) at the start; 1 in the authors' code.
        feature_scale: Scale of every entry of all p(d_l(x)|z) at the start; 1 in the same code.
        shift: As in `DiscriminativeVAE`.

    Raises:
        InputError: The numbers of weights and layers differ.
    """
    n = len(d.layers)
    weights = [1.0] * n if weights is None else weights
    if len(weights) != n:
        raise InputError(f"{len(weights)} weights for {n} layers; one each is expected.")
    shape = (2, images["channels"], images["size"], images["size"])
    with torch.no_grad():
        shapes = {layer: h.shape[1:] for layer, h in d.eval()(torch.zeros(shape)).items()}
    return DiscriminativeVAE(
        **_make_vae_parts(**images, scale=scale),
        d=d,
        p_d={layer: FreeScaleNormal(shapes[layer], feature_scale) for layer in d.layers},
        weights=dict(zip(d.layers, weights, strict=True)),
        encoder_grad=encoder_grad,
        shift=shift,
    )


def stacked_feature_autoencoder(
    *, images: Sizes, classifier: str | Mapping[str, Any], layers: Sequence[str], blur: float = 0.0
) -> Method:
    """An autoencoder trained by a classifier's features alone, of layers by `make_taps`.

    Args:
        blur: Standard deviation of the blur of features, in places of their maps; 0 for none.
    """
    names = ("channels", "size", "z", "widths", "hidden")
    channels, size, z, widths, hidden = (images[name] for name in names)
    resized = bool(images.get("resize_convolutions", False))
    return FeatureAutoencoder(
        encoder=StackedEncoder(channels, size, widths, hidden, z),
        decoder=StackedDecoder(z, channels, size, widths, hidden, resize_convolutions=resized),
        h=make_taps(classifier, layers),
        b=Blur(blur) if blur else nn.Identity(),
    )


def _make_vae_parts(
    *,
    channels: int,
    size: int,
    z: int,
    widths: Sequence[int],
    hidden: int,
    scale: float,
    resize_convolutions: bool = False,
) -> dict[str, Any]:
    """q(z|x), p(z) and p(x|z) of images; `resize_convolutions` as in `StackedDecoder`."""
    decoder = StackedDecoder(
        z, channels, size, widths, hidden, resize_convolutions=resize_convolutions
    )
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
        classifier: "vgg19", a name of `networks.backbones`, or builder, arguments and space of a
            classifier of images, as in the config.json of its artefact.
        layers: Names of the layers.

    Raises:
        InputError: There is no such classifier or layer.
    """
    if isinstance(classifier, str):
        if is_backbone_name(classifier):
            return TappedNetwork(build_backbone(classifier), layers)
        if classifier != VGG19:
            raise unknown_name("classifier", classifier, [VGG19, *VARIANTS])
        return TappedVGG(VGG(), layers)
    method = Recipe(classifier["builder"], classifier["arguments"]).build()
    network = get_classifier_network(method, classifier["builder"])
    return TappedNetwork(network, layers, Preprocessor.from_json(dict(classifier["space"])))


def get_classifier_network(method: Method, name: str) -> nn.Module:
    """The network of a classifier's q(y|x).

    Raises:
        InputError: The method is no classifier of images.
    """
    network = getattr(getattr(method, "q_y", None), "network", None)
    if not isinstance(network, nn.Module):
        raise InputError(f"{name} is no classifier of images; one is expected.")
    return network
