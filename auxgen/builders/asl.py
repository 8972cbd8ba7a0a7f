"""Auxiliary supervised learning of vectors, and its baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..method import Method
from ..methods.asl import ExplicitASL, ImplicitASL, magnitudes, squares
from ..methods.conditional_asl import ConditionalASL, attributes_as_given, one_hot
from ..methods.flow import FlowModel
from ..methods.mi_encoder import InformativeEncoder
from ..methods.two_stage_vae import TwoStageVAE
from ..networks.densities import Density, density
from ..networks.distributions import Conditional, diag_normal
from ..networks.encoders import ImplicitEncoder
from ..networks.mlp import MLP
from ..networks.regression import Regression
from .likelihoods import Likelihood, likelihood_of


def flow(*, x: int, kind: Density = "affine", sizes: Mapping[str, Any]) -> Method:
    """A density of vectors x itself; kind and sizes as in `networks.densities.density`."""
    return FlowModel(p_x=density(kind, x, **sizes))


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
        q_u=implicit_encoder(x, hidden, u),
        g=MLP([u], hidden[::-1], x),
        entries=x,
        weight=weight,
        beta=beta,
        floor=floor,
    )


def vae_asl(*, x: int, hidden: Sequence[int], u: int, **rest: Any) -> Method:
    """ASL on a VAE's encoder of vectors; other arguments as in `fitted_to_codes`."""
    encoder = Conditional(MLP([x], hidden, 2 * u), diag_normal)
    return ExplicitASL(q_u=encoder, **fitted_to_codes(x, hidden, u, **rest))


def mi_asl(*, x: int, hidden: Sequence[int], u: int, **rest: Any) -> Method:
    """ASL on an `informative_encoder`; other arguments as in `fitted_to_codes`."""
    encoder = implicit_encoder(x, hidden, u)
    return ImplicitASL(q_u=encoder, **fitted_to_codes(x, hidden, u, **rest))


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
    encoder, width = implicit_encoder(x, hidden, u), classes or attributes
    return ConditionalASL(
        q_u=encoder,
        context=partial(one_hot, classes=classes) if classes else attributes_as_given,
        width=width,
        **fitted_to_codes(x, hidden, u, context=width, **rest),
    )


def implicit_encoder(x: int, hidden: Sequence[int], u: int) -> ImplicitEncoder:
    """f(x, e) of vectors, with as many dimensions of noise as of the code."""
    return ImplicitEncoder(MLP([x, u], hidden, u), features=u, noise=u)


def fitted_to_codes(
    x: int,
    hidden: Sequence[int],
    u: int,
    *,
    context: int = 0,
    kind: Density = "affine",
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
        "p_u": density(kind, u, context, **sizes),
        "p_x": Regression(MLP([u], hidden[::-1], x), x),
        "loss": magnitudes if l1 else squares,
        "noise": noise,
    }


def two_stage_vae(
    *,
    x: int,
    hidden: Sequence[int],
    z: int,
    likelihood: Likelihood = "gaussian_scalar",
    scale: float = 1.0,
    kind: Density = "vae",
    sizes: Mapping[str, Any],
) -> Method:
    """A density of the codes of a `vae`, held fixed; kind and sizes as in `fitted_to_codes`."""
    heads, family = likelihood_of(likelihood, x, scale)
    return TwoStageVAE(
        q_u=Conditional(MLP([x], hidden, 2 * z), diag_normal),
        p_u=density(kind, z, **sizes),
        p_x=Conditional(MLP([z], hidden[::-1], heads), family),
    )
