"""Auxiliary supervised learning of vectors, and its baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..method import Method
from ..methods.asl import ExplicitASL, ImplicitASL, sum_of_magnitudes, sum_of_squares
from ..methods.conditional_asl import ConditionalASL, make_attribute_context, make_class_context
from ..methods.flow import FlowModel
from ..methods.mi_encoder import InformativeEncoder
from ..methods.two_stage_vae import TwoStageVAE
from ..networks.densities import DensityKind, make_density
from ..networks.distributions import Conditional, diag_normal
from ..networks.encoders import ImplicitEncoder
from ..networks.mlp import MLP
from ..networks.regression import Regression
from .likelihoods import Likelihood, get_likelihood


def flow(*, x: int, kind: DensityKind = "affine", sizes: Mapping[str, Any]) -> Method:
    """A density of vectors x itself; kind and sizes as in `networks.densities.density`."""
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
    """The encoder that MI-ASL starts from, of vectors.

    Args:
        x: Width of x.
        hidden: Widths of the encoder's hidden layers; the regression has them reversed.
        u: Width of the code, and of the noise beside x.
        weight: Of the Stein discrepancy of the codes.
        beta: Exponent of its kernel.
        floor: Of the residual variances a.
    """
    return InformativeEncoder(
        q_u=_make_implicit_encoder(x, hidden, u),
        g=MLP([u], hidden[::-1], x),
        entries=x,
        weight=weight,
        beta=beta,
        floor=floor,
    )


def vae_asl(*, x: int, hidden: Sequence[int], u: int, **rest: Any) -> Method:
    """ASL on a VAE's encoder of vectors; other arguments as in `_make_fitted_parts`."""
    encoder = Conditional(MLP([x], hidden, 2 * u), diag_normal)
    return ExplicitASL(q_u=encoder, **_make_fitted_parts(x, hidden, u, **rest))


def mi_asl(*, x: int, hidden: Sequence[int], u: int, **rest: Any) -> Method:
    """ASL on an `informative_encoder`; other arguments as in `_make_fitted_parts`."""
    encoder = _make_implicit_encoder(x, hidden, u)
    return ImplicitASL(q_u=encoder, **_make_fitted_parts(x, hidden, u, **rest))


def conditional_asl(
    *,
    x: int,
    hidden: Sequence[int],
    u: int,
    classes: int = 0,
    attributes: int = 0,
    **rest: Any,
) -> Method:
    """ASL on an `informative_encoder`, with p(u|y) of either classes or attributes."""
    encoder, width = _make_implicit_encoder(x, hidden, u), classes or attributes
    return ConditionalASL(
        q_u=encoder,
        make_context=partial(make_class_context, classes=classes)
        if classes
        else make_attribute_context,
        width=width,
        **_make_fitted_parts(x, hidden, u, context=width, **rest),
    )


def _make_implicit_encoder(x: int, hidden: Sequence[int], u: int) -> ImplicitEncoder:
    """f(x, e) of vectors, with as many dimensions of noise as of the code."""
    return ImplicitEncoder(MLP([x, u], hidden, u), features=u, noise=u)


def _make_fitted_parts(
    x: int,
    hidden: Sequence[int],
    u: int,
    *,
    context: int = 0,
    kind: DensityKind = "affine",
    sizes: Mapping[str, Any],
    l1: bool = False,
    noise: float = 0.0,
) -> dict[str, Any]:
    """What ASL fits on an encoder's codes.

    Args:
        x: Width of x.
        hidden: Widths of the encoder's hidden layers; the generator has them reversed.
        u: Width of the code.
        context: Width of y for p(u|y); 0 for p(u).
        kind: Family of the density.
        sizes: Of the density, as in `networks.densities.density`.
        l1: The generator's error is |x - g(u)|_1 rather than |x - g(u)|_2^2.
        noise: How much of the residuals' scale samples get.
    """
    return {
        "p_u": make_density(kind, u, context, **sizes),
        "p_x": Regression(MLP([u], hidden[::-1], x), x),
        "loss": sum_of_magnitudes if l1 else sum_of_squares,
        "noise": noise,
    }


def two_stage_vae(
    *,
    x: int,
    hidden: Sequence[int],
    z: int,
    likelihood: Likelihood = "gaussian_scalar",
    scale: float = 1.0,
    kind: DensityKind = "vae",
    sizes: Mapping[str, Any],
) -> Method:
    """A density of the codes of a `vae`, held fixed; kind and sizes as in `_make_fitted_parts`."""
    heads, family = get_likelihood(likelihood, x, scale)
    return TwoStageVAE(
        q_u=Conditional(MLP([x], hidden, 2 * z), diag_normal),
        p_u=make_density(kind, z, **sizes),
        p_x=Conditional(MLP([z], hidden[::-1], heads), family),
    )
