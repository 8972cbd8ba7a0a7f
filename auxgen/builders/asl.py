"""Auxiliary supervised learning of vectors and of square images, its encoders and baselines."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from ..data.dataset import Preprocessor
from ..functional.schedules import linear_warm_up
from ..method import Method
from ..methods.asl import ExplicitASL, ImplicitASL
from ..methods.asl_baselines import FlowModel, TwoStageVAE
from ..methods.conditional_asl import ConditionalASL, make_attribute_context, make_class_context
from ..methods.mi_encoder import InformativeEncoder
from ..methods.vae import VAE
from ..networks.densities import DensityKind, make_density
from ..networks.distributions import Conditional
from ..networks.encoders import PointMass, PretrainedEncoder
from ..networks.priors import StandardNormal
from . import Recipe
from .asl_parts import ImageParts, VectorParts, make_fitted_parts, make_image_parts
from .likelihoods import Likelihood, Sizes, get_likelihood, make_conditional


def _build_conditional_asl(
    parts: VectorParts | ImageParts, classes: int = 0, attributes: int = 0, **rest: Any
) -> ConditionalASL:
    """ASL on an implicit encoder with p(u|y) of either classes or attributes."""
    of_class, width = partial(make_class_context, classes=classes), classes or attributes
    return ConditionalASL(
        q_u=parts.make_implicit_encoder(),
        make_context=of_class if classes else make_attribute_context,
        width=width,
        **make_fitted_parts(parts, context=width, **rest),
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
    """ASL on a VAE's encoder of vectors; other arguments as in `make_fitted_parts`."""
    parts = VectorParts(x, hidden, u)
    return ExplicitASL(q_u=parts.make_gaussian_encoder(), **make_fitted_parts(parts, **rest))


def mi_asl(*, x: int, hidden: Sequence[int], u: int, **rest: Any) -> Method:
    """ASL on an `informative_encoder`; other arguments as in `make_fitted_parts`."""
    parts = VectorParts(x, hidden, u)
    return ImplicitASL(q_u=parts.make_implicit_encoder(), **make_fitted_parts(parts, **rest))


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
    parts = make_image_parts(**images)
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
    parts = make_image_parts(**images)
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
    parts = make_image_parts(**images)
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
    """ASL on the encoder of an `image_vae`; other arguments as in `make_fitted_parts`."""
    parts = make_image_parts(**images)
    return ExplicitASL(q_u=parts.make_gaussian_encoder(), **make_fitted_parts(parts, **rest))


def image_mi_asl(*, images: Sizes, **rest: Any) -> Method:
    """ASL on an `image_informative_encoder`; other arguments as in `make_fitted_parts`."""
    parts = make_image_parts(**images)
    return ImplicitASL(q_u=parts.make_implicit_encoder(), **make_fitted_parts(parts, **rest))


def image_conditional_asl(*, images: Sizes, **rest: Any) -> Method:
    """`image_mi_asl` with p(u|y) of either `classes` or `attributes`."""
    return _build_conditional_asl(make_image_parts(**images), **rest)


def image_asl_given(*, images: Sizes, given: Mapping[str, Any], **rest: Any) -> Method:
    """ASL on the codes of another model, held fixed, whatever it was trained for (section 3.3).

    Other arguments are as in `make_fitted_parts`.

    Args:
        images: See `make_image_parts`; u is the number of directions of the other model's codes
            that remain, see `networks.encoders.fit_whitening`.
        given: Builder, arguments and space of the other model, as in the config.json of its
            artefact.
    """
    parts = make_image_parts(**images)
    space = Preprocessor.from_json(dict(given["space"]))
    codes = PretrainedEncoder(Recipe(given["builder"], given["arguments"]).build(), space)
    with torch.no_grad():
        width = codes(torch.zeros(2, *space.shape)).shape[1]
    q_u = Conditional(nn.Sequential(codes, nn.Linear(width, parts.u)), PointMass)
    return ImplicitASL(q_u=q_u, **make_fitted_parts(parts, **rest))
