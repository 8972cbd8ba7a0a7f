"""Functions of plain JSON-able arguments that assemble methods of square images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import nn

from ..data.dataset import Preprocessor
from ..errors import unknown_name
from ..functional.schedules import linear_warm_up
from ..method import Method
from ..methods.asl import ExplicitASL, ImplicitASL, Regression, sum_of_magnitudes, sum_of_squares
from ..methods.conditional_asl import ConditionalASL, make_attribute_context, make_class_context
from ..methods.mi_encoder import InformativeEncoder
from ..methods.two_stage_vae import TwoStageVAE
from ..methods.vae import VAE
from ..networks.convolutional import ImageArchitecture, Normalised, Plain
from ..networks.densities import DensityKind, make_density
from ..networks.distributions import (
    Conditional,
    FixedScaleNormal,
    LearnedScaleNormal,
    StandardNormal,
    bounded_normal,
)
from ..networks.encoders import ImplicitEncoder, PointMass
from ..networks.pretrained_encoder import PretrainedEncoder
from . import Recipe

Layout = Literal["plain", "normalised"]
LAYOUTS: Mapping[str, type[ImageArchitecture]] = MappingProxyType(
    {"plain": Plain, "normalised": Normalised}
)


@dataclass(frozen=True)
class ImageParts:
    """Networks of images of one architecture, and what is fitted to their codes."""

    architecture: ImageArchitecture
    r: int

    @property
    def entries(self) -> int:
        return self.architecture.channels * self.architecture.size**2

    def make_gaussian_encoder(self) -> Conditional:
        """q(u|x) of a VAE."""
        return Conditional(self.architecture.make_gaussian_encoder(self.r), bounded_normal)

    def make_implicit_encoder(self) -> ImplicitEncoder:
        """f(x, e), with as many dimensions of noise as of the code."""
        return ImplicitEncoder(
            self.architecture.make_noisy_encoder(self.r), features=self.r, noise=self.r
        )

    def make_decoder(self, scale: float, learned: bool = True) -> Conditional:
        """p(x|u) of a VAE, with one scale."""
        family = LearnedScaleNormal(scale, 3) if learned else FixedScaleNormal(scale, 3)
        return Conditional(self.architecture.make_generator(self.r), family)

    def make_fitted_parts(
        self,
        *,
        context: int = 0,
        kind: DensityKind = "affine",
        sizes: Mapping[str, Any],
        l1: bool = False,
        noise: float = 0.0,
    ) -> dict[str, Any]:
        """What ASL fits; the arguments of `supervised_latent.fitted_to_codes`."""
        return {
            "p_u": make_density(kind, self.r, context, **sizes),
            "p_x": Regression(self.architecture.make_generator(self.r), self.entries),
            "loss": sum_of_magnitudes if l1 else sum_of_squares,
            "noise": noise,
        }


def _make_image_parts(
    *, channels: int, size: int, u: int, layout: Layout, width: int
) -> ImageParts:
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
        raise unknown_name("layout", layout, LAYOUTS)
    return ImageParts(LAYOUTS[layout](channels, size, width), u)


def image_vae(
    *, images: Mapping[str, Any], scale: float = 1.0, learned: bool = True, warm_up: int = 0
) -> Method:
    """A VAE of images under a Gaussian p(x|u) of one scale.

    Args:
        images: Sizes of the networks, see `_make_image_parts`.
        scale: Standard deviation of p(x|u), at the start where it is learned.
        learned: Whether it is.
        warm_up: Steps over which the KL's weight rises from 0 to 1.
    """
    made = _make_image_parts(**images)
    return VAE(
        q_z=made.make_gaussian_encoder(),
        p_z=StandardNormal(made.r),
        p_x=made.make_decoder(scale, learned),
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def image_two_stage_vae(
    *,
    images: Mapping[str, Any],
    scale: float = 1.0,
    kind: DensityKind = "vae",
    sizes: Mapping[str, Any],
) -> Method:
    """A density of the codes of an `image_vae`, held fixed; kind and sizes as for `density`."""
    made = _make_image_parts(**images)
    p_u = make_density(kind, made.r, **sizes)
    return TwoStageVAE(q_u=made.make_gaussian_encoder(), p_u=p_u, p_x=made.make_decoder(scale))


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
        images: Sizes of the networks, see `_make_image_parts`.
        scale: Square root of the residual variances a at the start.
        weight: Of the Stein discrepancy of the codes.
        beta: Exponent of its kernel.
        floor: Of the residual variances a, for pixels that never change.
    """
    made = _make_image_parts(**images)
    return InformativeEncoder(
        q_u=made.make_implicit_encoder(),
        g=made.architecture.make_generator(made.r),
        entries=made.entries,
        weight=weight,
        beta=beta,
        floor=floor,
        a=scale**2,
    )


def image_vae_asl(*, images: Mapping[str, Any], **rest: Any) -> Method:
    """ASL on the encoder of an `image_vae`; the rest as in `fitted_to_codes`."""
    made = _make_image_parts(**images)
    return ExplicitASL(q_u=made.make_gaussian_encoder(), **made.make_fitted_parts(**rest))


def image_mi_asl(*, images: Mapping[str, Any], **rest: Any) -> Method:
    """ASL on an `image_informative_encoder`; the rest as in `fitted_to_codes`."""
    made = _make_image_parts(**images)
    return ImplicitASL(q_u=made.make_implicit_encoder(), **made.make_fitted_parts(**rest))


def image_asl_given(*, images: Mapping[str, Any], given: Mapping[str, Any], **rest: Any) -> Method:
    """ASL on the codes of another model, held fixed, whatever it was trained for (section 3.3).

    Args:
        images: Sizes of the networks, see `_make_image_parts`; its u is the number of directions of the other
            model's codes that are kept, see `encoders.whiten`.
        given: The other model: builder, arguments and space, as in the config.json of its artefact.
        rest: As in `fitted_to_codes`.
    """
    made = _make_image_parts(**images)
    space = Preprocessor.from_json(dict(given["space"]))
    codes = PretrainedEncoder(Recipe(given["builder"], given["arguments"]).build(), space)
    with torch.no_grad():
        width = codes(torch.zeros(2, *space.shape)).shape[1]
    q_u = Conditional(nn.Sequential(codes, nn.Linear(width, made.r)), PointMass)
    return ImplicitASL(q_u=q_u, **made.make_fitted_parts(**rest))


def image_conditional_asl(
    *, images: Mapping[str, Any], classes: int = 0, attributes: int = 0, **rest: Any
) -> Method:
    """`image_mi_asl` with p(u|y) of either classes or attributes."""
    made, given = _make_image_parts(**images), classes or attributes
    return ConditionalASL(
        q_u=made.make_implicit_encoder(),
        make_context=partial(make_class_context, classes=classes)
        if classes
        else make_attribute_context,
        width=given,
        **made.make_fitted_parts(context=given, **rest),
    )
