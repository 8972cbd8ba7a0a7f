"""Functions of plain JSON-able arguments that assemble methods of square images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import nn

from ..data.dataset import Space
from ..errors import unknown
from ..functional.schedules import linear_warm_up
from ..method import Method
from ..methods.asl import ExplicitASL, ImplicitASL, Regression, magnitudes, squares
from ..methods.conditional_asl import ConditionalASL, attributes_as_given, one_hot
from ..methods.mi_encoder import InformativeEncoder
from ..methods.two_stage_vae import TwoStageVAE
from ..methods.vae import VAE
from ..networks.convolutional import Architecture, Normalised, Plain
from ..networks.densities import Density, density
from ..networks.distributions import (
    Conditional,
    FixedScaleNormal,
    LearnedScaleNormal,
    StandardNormal,
    bounded_normal,
)
from ..networks.encoders import ImplicitEncoder, PointMass
from ..networks.pretrained_encoder import Given
from . import Recipe

Layout = Literal["plain", "normalised"]
LAYOUTS: Mapping[str, type[Architecture]] = MappingProxyType(
    {"plain": Plain, "normalised": Normalised}
)


@dataclass(frozen=True)
class Parts:
    """Networks of images of one architecture, and what is fitted to their codes."""

    networks: Architecture
    r: int

    @property
    def entries(self) -> int:
        return self.networks.channels * self.networks.size**2

    def gaussian(self) -> Conditional:
        """q(u|x) of a VAE."""
        return Conditional(self.networks.gaussian_encoder(self.r), bounded_normal)

    def implicit(self) -> ImplicitEncoder:
        """f(x, e), with as many dimensions of noise as of the code."""
        return ImplicitEncoder(self.networks.noisy_encoder(self.r), features=self.r, noise=self.r)

    def decoder(self, scale: float, learned: bool = True) -> Conditional:
        """p(x|u) of a VAE, with one scale."""
        family = LearnedScaleNormal(scale, 3) if learned else FixedScaleNormal(scale, 3)
        return Conditional(self.networks.generator(self.r), family)

    def fitted(
        self,
        *,
        context: int = 0,
        kind: Density = "affine",
        sizes: Mapping[str, Any],
        l1: bool = False,
        noise: float = 0.0,
    ) -> dict[str, Any]:
        """What ASL fits; the arguments of `supervised_latent.fitted_to_codes`."""
        return {
            "p_u": density(kind, self.r, context, **sizes),
            "p_x": Regression(self.networks.generator(self.r), self.entries),
            "loss": magnitudes if l1 else squares,
            "noise": noise,
        }


def parts(*, channels: int, size: int, u: int, layout: Layout, width: int) -> Parts:
    """Networks by plain arguments.

    Args:
        channels: Of the images.
        size: Their height and width.
        u: Width of the code.
        layout: plain, as the paper's for Fashion-MNIST, or normalised, as that for CelebA.
        width: Channels of the first convolution, 64 in the paper.

    Raises:
        InputError: There is no such layout, or the size will not do for it.
    """
    if layout not in LAYOUTS:
        raise unknown("layout", layout, LAYOUTS)
    return Parts(LAYOUTS[layout](channels, size, width), u)


def image_vae(
    *, images: Mapping[str, Any], scale: float = 1.0, learned: bool = True, warm_up: int = 0
) -> Method:
    """A VAE of images under a Gaussian p(x|u) of one scale.

    Args:
        images: Sizes of the networks, see `parts`.
        scale: Standard deviation of p(x|u), at the start where it is learned.
        learned: Whether it is.
        warm_up: Steps over which the KL's weight rises from 0 to 1.
    """
    made = parts(**images)
    return VAE(
        q_z=made.gaussian(),
        p_z=StandardNormal(made.r),
        p_x=made.decoder(scale, learned),
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def image_two_stage_vae(
    *,
    images: Mapping[str, Any],
    scale: float = 1.0,
    kind: Density = "vae",
    sizes: Mapping[str, Any],
) -> Method:
    """A density of the codes of an `image_vae`, held fixed; kind and sizes as for `density`."""
    made = parts(**images)
    p_u = density(kind, made.r, **sizes)
    return TwoStageVAE(q_u=made.gaussian(), p_u=p_u, p_x=made.decoder(scale))


def image_informative_encoder(
    *,
    images: Mapping[str, Any],
    scale: float = 1.0,
    weight: float = 10.0,
    beta: float = 0.5,
    floor: float = 1e-3,
) -> Method:
    """The encoder that MI-ASL of images starts from.

    Args:
        images: Sizes of the networks, see `parts`.
        scale: Square root of the residual variances a at the start.
        weight: Of the Stein discrepancy of the codes.
        beta: Exponent of its kernel.
        floor: Of the residual variances a, for pixels that never change.
    """
    made = parts(**images)
    return InformativeEncoder(
        q_u=made.implicit(),
        g=made.networks.generator(made.r),
        entries=made.entries,
        weight=weight,
        beta=beta,
        floor=floor,
        a=scale**2,
    )


def image_vae_asl(*, images: Mapping[str, Any], **rest: Any) -> Method:
    """ASL on the encoder of an `image_vae`; the rest as in `fitted_to_codes`."""
    made = parts(**images)
    return ExplicitASL(q_u=made.gaussian(), **made.fitted(**rest))


def image_mi_asl(*, images: Mapping[str, Any], **rest: Any) -> Method:
    """ASL on an `image_informative_encoder`; the rest as in `fitted_to_codes`."""
    made = parts(**images)
    return ImplicitASL(q_u=made.implicit(), **made.fitted(**rest))


def image_asl_given(*, images: Mapping[str, Any], given: Mapping[str, Any], **rest: Any) -> Method:
    """ASL on the codes of another model, held fixed, whatever it was trained for (section 3.3).

    Args:
        images: Sizes of the networks, see `parts`; its u is the number of directions of the other
            model's codes that are kept, see `encoders.whiten`.
        given: The other model: builder, arguments and space, as in the config.json of its artefact.
        rest: As in `fitted_to_codes`.
    """
    made = parts(**images)
    space = Space.from_json(dict(given["space"]))
    codes = Given(Recipe(given["builder"], given["arguments"]).build(), space)
    with torch.no_grad():
        width = codes(torch.zeros(2, *space.shape)).shape[1]
    q_u = Conditional(nn.Sequential(codes, nn.Linear(width, made.r)), PointMass)
    return ImplicitASL(q_u=q_u, **made.fitted(**rest))


def image_conditional_asl(
    *, images: Mapping[str, Any], classes: int = 0, attributes: int = 0, **rest: Any
) -> Method:
    """`image_mi_asl` with p(u|y) of either classes or attributes."""
    made, given = parts(**images), classes or attributes
    return ConditionalASL(
        q_u=made.implicit(),
        context=partial(one_hot, classes=classes) if classes else attributes_as_given,
        width=given,
        **made.fitted(context=given, **rest),
    )
