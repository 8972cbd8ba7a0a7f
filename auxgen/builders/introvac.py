"""Functions of plain JSON-able arguments that assemble variational classifiers of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from ..errors import require_at_least, unknown_name
from ..functional.schedules import constant
from ..method import Method
from ..methods.introvac import IntroVAC
from ..methods.vac import VAC, Betas, ReconstructionLoss
from ..methods.vae import VAE
from ..networks.distributions import Conditional, FixedScaleLaplace, StandardNormal, bounded_normal
from ..networks.residual_autoencoder import (
    check_autoencoder_size,
    make_residual_encoder,
    make_residual_generator,
)

ErrorName = Literal["absolute", "squared"]


def reconstruction_absolute_error(x: Tensor, x_r: Tensor) -> Tensor:
    """Mean of |x - x_r|, which the paper uses (section 4.1)."""
    return (x - x_r).abs().mean()


def reconstruction_squared_error(x: Tensor, x_r: Tensor) -> Tensor:
    """Mean of (x - x_r)^2, which the paper's equation 5 names."""
    return (x - x_r).square().mean()


ERRORS: Mapping[ErrorName, ReconstructionLoss] = {
    "absolute": reconstruction_absolute_error,
    "squared": reconstruction_squared_error,
}


@dataclass(frozen=True)
class AutoencoderShape:
    """The arguments of both networks; 4 * 2^len(widths) pixels a side, 128 in the paper.

    Attributes:
        channels: Of the images.
        size: Their height and width.
        widths: Of the blocks.
        z: Width of the code.
    """

    channels: int
    size: int
    widths: Sequence[int]
    z: int

    def __post_init__(self) -> None:
        require_at_least(1, z=self.z)
        check_autoencoder_size(self.channels, self.size, self.widths)

    def make_q_z(self) -> Conditional:
        return Conditional(
            make_residual_encoder(self.channels, self.widths, 2 * self.z), bounded_normal
        )

    def make_p_x(self, scale: float) -> Conditional:
        made = make_residual_generator(self.channels, self.widths, self.z)
        return Conditional(made, FixedScaleLaplace(scale, 3))

    def compute_scale(self, betas: Betas) -> float:
        """Of the Laplace p(x|z) for which the weighted losses are a negative bound, but for C.

        b_AE mean|x - x_r| + b_reg mean KL_i is in proportion to sum|x - x_r| / s + sum KL_i.
        """
        return betas.reg * self.channels * self.size**2 / (betas.ae * self.z)


def vac(*, images: Mapping[str, Any], attributes: int, **rest: Any) -> Method:
    """A variational classifier; arguments as in `_make_introvac_parts`."""
    return VAC(**_make_introvac_parts(images, attributes, **rest))


def introvac(
    *, images: Mapping[str, Any], attributes: int, summed: bool = False, **rest: Any
) -> Method:
    """An introspective variational classifier; other arguments as in `_make_introvac_parts`.

    Args:
        images: As in `_make_introvac_parts`.
        attributes: As in `_make_introvac_parts`.
        summed: The decoder's losses of classes and of being real are summed, as equation 6 has it;
            else their mean is taken, for which the weights of the authors' code are.
        rest: As in `_make_introvac_parts`.
    """
    return IntroVAC(summed=summed, **_make_introvac_parts(images, attributes, **rest))


def _make_introvac_parts(
    images: Mapping[str, Any],
    attributes: int,
    betas: Mapping[str, float] | None = None,
    error: ErrorName = "absolute",
) -> dict[str, Any]:
    """What VAC and IntroVAC are made of.

    Args:
        images: channels, size, widths and z, see `AutoencoderShape`.
        attributes: How many are told.
        betas: Weights of the losses, see `Betas`; the paper's where not given.
        error: Of reconstructions: absolute or squared.

    Raises:
        InputError: There is no such error, or the images' size does not go with the widths.
    """
    if error not in ERRORS:
        raise unknown_name("error", error, ERRORS)
    require_at_least(1, attributes=attributes)
    shape, weights = AutoencoderShape(**images), Betas(**(betas or {}))
    return {
        "q_z": shape.make_q_z(),
        "p_z": StandardNormal(shape.z),
        "p_x": shape.make_p_x(shape.compute_scale(weights)),
        "p_y": nn.Linear(shape.z, attributes + 1, bias=False),
        "error": ERRORS[error],
        "betas": weights,
    }


def residual_vae(*, images: Mapping[str, Any], betas: Mapping[str, float] | None = None) -> Method:
    """A plain VAE in the networks of `vac`, which is what that becomes with a weight cl of 0."""
    shape = AutoencoderShape(**images)
    scale = shape.compute_scale(Betas(**(betas or {})))
    return VAE(
        q_z=shape.make_q_z(),
        p_z=StandardNormal(shape.z),
        p_x=shape.make_p_x(scale),
        warm_up=constant,
    )
