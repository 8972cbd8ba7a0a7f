"""Variational classifiers of images, introspective ones, and a VAE in their networks."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from ..errors import InputError, require_at_least, unknown_name
from ..functional.schedules import constant
from ..method import Method
from ..methods.introvac import IntroVAC
from ..methods.vac import VAC, Betas, ReconstructionLoss
from ..methods.vae import VAE
from ..networks import residual
from ..networks.distributions import Conditional, FixedScaleLaplace, bounded_normal
from ..networks.feature_error import FeatureError
from ..networks.priors import StandardNormal
from .discreg import VGG19, make_taps
from .likelihoods import Sizes

ErrorName = Literal["absolute", "squared"]
FEATURE_LAYERS = ("relu1_1", "relu2_1")
"""Layers of VGG-19 in which reconstructions may be compared: lines and colours, then textures."""


def reconstruction_absolute_error(x: Tensor, x_r: Tensor) -> Tensor:
    """Mean of |x - x_r|, as in the paper's experiments (section 4.1)."""
    return (x - x_r).abs().mean()


def reconstruction_squared_error(x: Tensor, x_r: Tensor) -> Tensor:
    """Mean of (x - x_r)^2, as in the paper's equation 5."""
    return (x - x_r).square().mean()


ERRORS: Mapping[ErrorName, ReconstructionLoss] = {
    "absolute": reconstruction_absolute_error,
    "squared": reconstruction_squared_error,
}


def vac(*, images: Sizes, attributes: int, **rest: Any) -> Method:
    """A variational classifier; other arguments as in `_make_introvac_parts`."""
    return VAC(**_make_introvac_parts(images, attributes, **rest))


def introvac(
    *, images: Sizes, attributes: int, summed: bool = False, game: bool = True, **rest: Any
) -> Method:
    """An introspective variational classifier; other arguments as in `_make_introvac_parts`.

    Args:
        summed: Whether the decoder's losses of attributes and of being real are summed, as in
            equation 6; else their mean is taken, to which the weights of the authors' code belong.
        game: Whether fakes are detected, and the decoder learns to pass for real; else it learns of
            their attributes alone.
    """
    return IntroVAC(summed=summed, game=game, **_make_introvac_parts(images, attributes, **rest))


def residual_vae(*, images: Sizes, betas: Mapping[str, float] | None = None) -> Method:
    """A VAE in the networks of `vac`, equal to that with a weight cl of 0."""
    return VAE(**_make_residual_vae_parts(Betas(**(betas or {})), **images), warm_up=constant)


def _make_introvac_parts(
    images: Sizes,
    attributes: int,
    betas: Mapping[str, float] | None = None,
    error: ErrorName = "absolute",
    feature_weight: float = 0.0,
) -> dict[str, Any]:
    """The common parts of VAC and IntroVAC.

    Args:
        images: Arguments of `_make_residual_vae_parts`.
        attributes: Their number.
        betas: Weights of the losses that are not the paper's.
        error: Error of the pixels of a reconstruction.
        feature_weight: Weight of the mean absolute error of `FEATURE_LAYERS` of VGG-19, which has
            no weights yet; without it, where 0.
    """
    if error not in ERRORS:
        raise unknown_name("error", error, ERRORS)
    require_at_least(1, attributes=attributes)
    weights = Betas(**(betas or {}))
    parts = _make_residual_vae_parts(weights, **images)
    p_y = nn.Linear(images["z"], attributes + 1, bias=False)
    measure = ERRORS[error]
    if feature_weight:
        if images["channels"] != 3:
            raise InputError(
                f"The images have {images['channels']} channels and VGG-19, whose features are "
                "compared, sees 3; colour images are expected, or a feature_weight of 0."
            )
        measure = FeatureError(measure, make_taps(VGG19, FEATURE_LAYERS), feature_weight)
    return {**parts, "p_y": p_y, "error": measure, "betas": weights}


def _make_residual_vae_parts(
    betas: Betas,
    *,
    channels: int,
    size: int,
    widths: Sequence[int],
    z: int,
    pixel_shuffle: bool = False,
) -> dict[str, Any]:
    """q(z|x), p(z) and p(x|z) of images of 4 * 2^len(widths) pixels a side, 128 in the paper.

    The scale s of the Laplace p(x|z) makes the weighted losses a negative bound, but for C:
    b_AE mean|x - x_r| + b_reg mean KL_i is in proportion to sum|x - x_r| / s + sum KL_i.
    """
    require_at_least(1, z=z)
    residual.check_autoencoder_size(channels, size, widths)
    scale = betas.reg * channels * size**2 / (betas.ae * z)
    shuffled = {"pixel_shuffle": pixel_shuffle}
    encoder = residual.make_residual_encoder(channels, widths, 2 * z, **shuffled)
    generator = residual.make_residual_generator(channels, widths, z, **shuffled)
    return {
        "q_z": Conditional(encoder, bounded_normal),
        "p_z": StandardNormal(z),
        "p_x": Conditional(generator, FixedScaleLaplace(scale, 3)),
    }
