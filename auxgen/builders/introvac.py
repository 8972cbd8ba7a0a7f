"""Variational classifiers of images, introspective ones, and a VAE in their networks."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from ..errors import require_at_least, unknown_name
from ..functional.schedules import constant
from ..method import Method
from ..methods.introvac import IntroVAC
from ..methods.vac import VAC, Betas, ReconstructionLoss
from ..methods.vae import VAE
from ..networks import residual
from ..networks.distributions import Conditional, FixedScaleLaplace, bounded_normal
from ..networks.priors import StandardNormal
from .likelihoods import Sizes

ErrorName = Literal["absolute", "squared"]


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


def introvac(*, images: Sizes, attributes: int, summed: bool = False, **rest: Any) -> Method:
    """An introspective variational classifier; other arguments as in `_make_introvac_parts`.

    Args:
        summed: Whether the decoder's losses of attributes and of being real are summed, as in
            equation 6; else their mean is taken, to which the weights of the authors' code belong.
    """
    return IntroVAC(summed=summed, **_make_introvac_parts(images, attributes, **rest))


def residual_vae(*, images: Sizes, betas: Mapping[str, float] | None = None) -> Method:
    """A VAE in the networks of `vac`, equal to that with a weight cl of 0."""
    return VAE(**_make_residual_vae_parts(Betas(**(betas or {})), **images), warm_up=constant)


def _make_introvac_parts(
    images: Sizes,
    attributes: int,
    betas: Mapping[str, float] | None = None,
    error: ErrorName = "absolute",
) -> dict[str, Any]:
    """The common parts of VAC and IntroVAC."""
    if error not in ERRORS:
        raise unknown_name("error", error, ERRORS)
    require_at_least(1, attributes=attributes)
    weights = Betas(**(betas or {}))
    parts = _make_residual_vae_parts(weights, **images)
    p_y = nn.Linear(images["z"], attributes + 1, bias=False)
    return {**parts, "p_y": p_y, "error": ERRORS[error], "betas": weights}


def _make_residual_vae_parts(
    betas: Betas, *, channels: int, size: int, widths: Sequence[int], z: int
) -> dict[str, Any]:
    """q(z|x), p(z) and p(x|z) of images of 4 * 2^len(widths) pixels a side, 128 in the paper.

    The scale s of the Laplace p(x|z) makes the weighted losses a negative bound, but for C:
    b_AE mean|x - x_r| + b_reg mean KL_i is in proportion to sum|x - x_r| / s + sum KL_i.
    """
    require_at_least(1, z=z)
    residual.check_autoencoder_size(channels, size, widths)
    scale = betas.reg * channels * size**2 / (betas.ae * z)
    encoder = residual.make_residual_encoder(channels, widths, 2 * z)
    generator = residual.make_residual_generator(channels, widths, z)
    return {
        "q_z": Conditional(encoder, bounded_normal),
        "p_z": StandardNormal(z),
        "p_x": Conditional(generator, FixedScaleLaplace(scale, 3)),
    }
