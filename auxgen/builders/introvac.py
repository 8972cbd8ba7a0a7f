"""Functions of plain JSON-able arguments that assemble variational classifiers of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from ..errors import at_least, unknown
from ..functional.schedules import constant
from ..method import Method
from ..methods.introvac import IntroVAC
from ..methods.vac import VAC, Betas, Error
from ..methods.vae import VAE
from ..networks.distributions import Conditional, FixedScaleLaplace, StandardNormal, bounded_normal
from ..networks.residual_autoencoder import check, encoder, generator

ErrorName = Literal["absolute", "squared"]


def absolute(x: Tensor, x_r: Tensor) -> Tensor:
    """Mean of |x - x_r|, which the paper uses (section 4.1)."""
    return (x - x_r).abs().mean()


def squared(x: Tensor, x_r: Tensor) -> Tensor:
    """Mean of (x - x_r)^2, which the paper's equation 5 names."""
    return (x - x_r).square().mean()


ERRORS: Mapping[ErrorName, Error] = {"absolute": absolute, "squared": squared}


@dataclass(frozen=True)
class Shape:
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
        at_least(1, z=self.z)
        check(self.channels, self.size, self.widths)

    def q_z(self) -> Conditional:
        return Conditional(encoder(self.channels, self.widths, 2 * self.z), bounded_normal)

    def p_x(self, scale: float) -> Conditional:
        made = generator(self.channels, self.widths, self.z)
        return Conditional(made, FixedScaleLaplace(scale, 3))

    def scale(self, betas: Betas) -> float:
        """Of the Laplace p(x|z) for which the weighted losses are a negative bound, but for C.

        b_AE mean|x - x_r| + b_reg mean KL_i is in proportion to sum|x - x_r| / s + sum KL_i.
        """
        return betas.reg * self.channels * self.size**2 / (betas.ae * self.z)


def vac(*, images: Mapping[str, Any], attributes: int, **rest: Any) -> Method:
    """A variational classifier; arguments as in `networks`."""
    return VAC(**networks(images, attributes, **rest))


def introvac(
    *, images: Mapping[str, Any], attributes: int, summed: bool = False, **rest: Any
) -> Method:
    """An introspective variational classifier; other arguments as in `networks`.

    Args:
        images: As in `networks`.
        attributes: As in `networks`.
        summed: The decoder's losses of classes and of being real are summed, as equation 6 has it;
            else their mean is taken, for which the weights of the authors' code are.
        rest: As in `networks`.
    """
    return IntroVAC(summed=summed, **networks(images, attributes, **rest))


def networks(
    images: Mapping[str, Any],
    attributes: int,
    betas: Mapping[str, float] | None = None,
    error: ErrorName = "absolute",
) -> dict[str, Any]:
    """What VAC and IntroVAC are made of.

    Args:
        images: channels, size, widths and z, see `Shape`.
        attributes: How many are told.
        betas: Weights of the losses, see `Betas`; the paper's where not given.
        error: Of reconstructions: absolute or squared.

    Raises:
        InputError: There is no such error, or the images' size does not go with the widths.
    """
    if error not in ERRORS:
        raise unknown("error", error, ERRORS)
    at_least(1, attributes=attributes)
    shape, weights = Shape(**images), Betas(**(betas or {}))
    return {
        "q_z": shape.q_z(),
        "p_z": StandardNormal(shape.z),
        "p_x": shape.p_x(shape.scale(weights)),
        "p_y": nn.Linear(shape.z, attributes + 1, bias=False),
        "error": ERRORS[error],
        "betas": weights,
    }


def residual_vae(*, images: Mapping[str, Any], betas: Mapping[str, float] | None = None) -> Method:
    """A plain VAE in the networks of `vac`, which is what that becomes with a weight cl of 0."""
    shape = Shape(**images)
    scale = shape.scale(Betas(**(betas or {})))
    return VAE(q_z=shape.q_z(), p_z=StandardNormal(shape.z), p_x=shape.p_x(scale), warm_up=constant)
