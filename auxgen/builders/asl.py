"""Auxiliary supervised learning of vectors and of square images, its encoders and baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import nn

from ..data.dataset import Preprocessor
from ..errors import unknown_name
from ..functional.schedules import linear_warm_up
from ..method import Method
from ..methods.asl import ExplicitASL, ImplicitASL, sum_of_magnitudes, sum_of_squares
from ..methods.asl_baselines import FlowModel, TwoStageVAE
from ..methods.conditional_asl import ConditionalASL, make_attribute_context, make_class_context
from ..methods.mi_encoder import InformativeEncoder
from ..methods.vae import VAE
from ..networks.convolutional import ImageArchitecture, Normalised, Plain
from ..networks.densities import DensityKind, make_density
from ..networks.distributions import (
    Conditional,
    FixedScaleNormal,
    LearnedScaleNormal,
    Regression,
    StandardNormal,
    bounded_normal,
    diag_normal,
)
from ..networks.encoders import ImplicitEncoder, PointMass, PretrainedEncoder
from ..networks.mlp import MLP
from . import Recipe
from .likelihoods import Likelihood, Sizes, get_likelihood, make_conditional

Layout = Literal["plain", "normalised"]
LAYOUTS: Mapping[Layout, type[ImageArchitecture]] = {"plain": Plain, "normalised": Normalised}


@dataclass(frozen=True)
class VectorParts:
    """Networks of vectors with this number of entries, and with codes of width u."""

    entries: int
    hidden: Sequence[int]
    u: int

    def make_generator(self) -> nn.Module:
        return MLP([self.u], self.hidden[::-1], self.entries)

    def make_gaussian_encoder(self) -> Conditional:
        """q(u|x) of a VAE."""
        return make_conditional([self.entries], self.hidden, 2 * self.u, diag_normal)

    def make_implicit_encoder(self) -> ImplicitEncoder:
        """f(x, e), with noise as wide as the code."""
        f = MLP([self.entries, self.u], self.hidden, self.u)
        return ImplicitEncoder(f, features=self.u, noise=self.u)


@dataclass(frozen=True)
class ImageParts:
    """Networks of images of one architecture, with codes of width u."""

    architecture: ImageArchitecture
    u: int

    @property
    def entries(self) -> int:
        return self.architecture.channels * self.architecture.size**2

    def make_generator(self) -> nn.Module:
        return self.architecture.make_generator(self.u)

    def make_gaussian_encoder(self) -> Conditional:
        """q(u|x) of a VAE."""
        return Conditional(self.architecture.make_gaussian_encoder(self.u), bounded_normal)

    def make_implicit_encoder(self) -> ImplicitEncoder:
        """f(x, e), with noise as wide as the code."""
        f = self.architecture.make_noisy_encoder(self.u)
        return ImplicitEncoder(f, features=self.u, noise=self.u)

    def make_decoder(self, scale: float, learned: bool = True) -> Conditional:
        """p(x|u) of a VAE, with one scale."""
        family = LearnedScaleNormal(scale, 3) if learned else FixedScaleNormal(scale, 3)
        return Conditional(self.make_generator(), family)


def _make_image_parts(
    *, channels: int, size: int, u: int, layout: Layout, width: int
) -> ImageParts:
    """Networks of images by plain arguments."""
    if layout not in LAYOUTS:
        raise unknown_name("layout", layout, LAYOUTS)
    return ImageParts(LAYOUTS[layout](channels, size, width), u)


def _make_fitted_parts(
    parts: VectorParts | ImageParts,
    *,
    context: int = 0,
    kind: DensityKind = "affine",
    sizes: Sizes,
    l1: bool = False,
    noise: float = 0.0,
    likelihood: Likelihood | None = None,
) -> dict[str, Any]:
    """The parts that ASL fits to an encoder's codes; vectors may have another `likelihood`."""
    p_u = make_density(kind, parts.u, context, **sizes)
    p_x = Regression(parts.make_generator(), parts.entries)
    if likelihood is not None and isinstance(parts, VectorParts):
        heads, family = get_likelihood(likelihood, parts.entries, 1.0)
        p_x = make_conditional([parts.u], parts.hidden[::-1], heads, family)
    return {
        "p_u": p_u,
        "p_x": p_x,
        "loss": sum_of_magnitudes if l1 else sum_of_squares,
        "noise": noise,
    }


def _build_conditional_asl(
    parts: VectorParts | ImageParts, classes: int = 0, attributes: int = 0, **rest: Any
) -> ConditionalASL:
    """ASL on an implicit encoder with p(u|y) of either classes or attributes."""
    of_class, width = partial(make_class_context, classes=classes), classes or attributes
    return ConditionalASL(
        q_u=parts.make_implicit_encoder(),
        make_context=of_class if classes else make_attribute_context,
        width=width,
        **_make_fitted_parts(parts, context=width, **rest),
    )


def flow(*, x: int, kind: DensityKind = "affine", sizes: Sizes) -> Method:
    """A density of vectors x."""
    return FlowModel(p_x=make_density(kind, x, **sizes))


def informative_encoder(
    *,
    x: int,
    hidden: Sequence[int],
    u: int,
    weight: float = 1.0,
    beta: float = 0.5,
    floor: float = 1e-4,
) -> Method:
    """The encoder from which MI-ASL starts, for vectors.

    Args:
        weight: Weight of the Stein discrepancy of the codes.
        beta: Exponent of its kernel.
        floor: Least residual variance a, for entries that never change.
    """
    parts = VectorParts(x, hidden, u)
    f, g = parts.make_implicit_encoder(), parts.make_generator()
    return InformativeEncoder(q_u=f, g=g, entries=x, weight=weight, beta=beta, floor=floor)


def vae_asl(*, x: int, hidden: Sequence[int], u: int, **rest: Any) -> Method:
    """ASL on a VAE's encoder of vectors; other arguments as in `_make_fitted_parts`."""
    parts = VectorParts(x, hidden, u)
    return ExplicitASL(q_u=parts.make_gaussian_encoder(), **_make_fitted_parts(parts, **rest))


def mi_asl(*, x: int, hidden: Sequence[int], u: int, **rest: Any) -> Method:
    """ASL on an `informative_encoder`; other arguments as in `_make_fitted_parts`."""
    parts = VectorParts(x, hidden, u)
    return ImplicitASL(q_u=parts.make_implicit_encoder(), **_make_fitted_parts(parts, **rest))


def conditional_asl(*, x: int, hidden: Sequence[int], u: int, **rest: Any) -> Method:
    """`mi_asl` with p(u|y) of either `classes` or `attributes`."""
    return _build_conditional_asl(VectorParts(x, hidden, u), **rest)


def two_stage_vae(
    *,
    x: int,
    hidden: Sequence[int],
    z: int,
    likelihood: Likelihood = "gaussian_scalar",
    scale: float = 1.0,
    kind: DensityKind = "vae",
    sizes: Sizes,
) -> Method:
    """A density of the codes of a `vae`, held fixed."""
    return TwoStageVAE(
        q_u=VectorParts(x, hidden, z).make_gaussian_encoder(),
        p_u=make_density(kind, z, **sizes),
        p_x=make_conditional([z], hidden[::-1], *get_likelihood(likelihood, x, scale)),
    )


def image_vae(
    *, images: Sizes, scale: float = 1.0, learned: bool = True, warm_up: int = 0
) -> Method:
    """A VAE of images under a Gaussian p(x|u) of one scale, which may be learned."""
    parts = _make_image_parts(**images)
    return VAE(
        q_z=parts.make_gaussian_encoder(),
        p_z=StandardNormal(parts.u),
        p_x=parts.make_decoder(scale, learned),
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def image_two_stage_vae(
    *, images: Sizes, scale: float = 1.0, kind: DensityKind = "vae", sizes: Sizes
) -> Method:
    """A density of the codes of an `image_vae`, held fixed."""
    parts = _make_image_parts(**images)
    p_u = make_density(kind, parts.u, **sizes)
    return TwoStageVAE(q_u=parts.make_gaussian_encoder(), p_u=p_u, p_x=parts.make_decoder(scale))


def image_informative_encoder(
    *,
    images: Sizes,
    scale: float = 1.0,
    weight: float = 10.0,
    beta: float = 0.5,
    floor: float = 1e-3,
) -> Method:
    """An `informative_encoder` of images, whose residual variances are scale^2 at the start."""
    parts = _make_image_parts(**images)
    return InformativeEncoder(
        q_u=parts.make_implicit_encoder(),
        g=parts.make_generator(),
        entries=parts.entries,
        weight=weight,
        beta=beta,
        floor=floor,
        a=scale**2,
    )


def image_vae_asl(*, images: Sizes, **rest: Any) -> Method:
    """ASL on the encoder of an `image_vae`; other arguments as in `_make_fitted_parts`."""
    parts = _make_image_parts(**images)
    return ExplicitASL(q_u=parts.make_gaussian_encoder(), **_make_fitted_parts(parts, **rest))


def image_mi_asl(*, images: Sizes, **rest: Any) -> Method:
    """ASL on an `image_informative_encoder`; other arguments as in `_make_fitted_parts`."""
    parts = _make_image_parts(**images)
    return ImplicitASL(q_u=parts.make_implicit_encoder(), **_make_fitted_parts(parts, **rest))


def image_conditional_asl(*, images: Sizes, **rest: Any) -> Method:
    """`image_mi_asl` with p(u|y) of either `classes` or `attributes`."""
    return _build_conditional_asl(_make_image_parts(**images), **rest)


def image_asl_given(*, images: Sizes, given: Mapping[str, Any], **rest: Any) -> Method:
    """ASL on the codes of another model, held fixed, whatever it was trained for (section 3.3).

    Other arguments are as in `_make_fitted_parts`.

    Args:
        images: See `_make_image_parts`; u is the number of directions of the other model's codes
            that remain, see `networks.encoders.fit_whitening`.
        given: Builder, arguments and space of the other model, as in the config.json of its
            artefact.
    """
    parts = _make_image_parts(**images)
    space = Preprocessor.from_json(dict(given["space"]))
    codes = PretrainedEncoder(Recipe(given["builder"], given["arguments"]).build(), space)
    with torch.no_grad():
        width = codes(torch.zeros(2, *space.shape)).shape[1]
    q_u = Conditional(nn.Sequential(codes, nn.Linear(width, parts.u)), PointMass)
    return ImplicitASL(q_u=q_u, **_make_fitted_parts(parts, **rest))
