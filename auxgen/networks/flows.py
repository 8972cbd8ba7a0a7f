"""Coupling flows as zuko's lazy distributions: p(u) is flow(), and p(u|y) is flow(y)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import exp
from typing import NamedTuple

import torch
from torch import Size, nn
from torch.distributions import Transform
from zuko.distributions import DiagNormal
from zuko.flows import Flow
from zuko.flows.coupling import GeneralCouplingTransform
from zuko.flows.gaussianization import ElementWiseTransform
from zuko.lazy import UnconditionalDistribution
from zuko.transforms import AdditiveTransform, MonotonicAffineTransform, MonotonicRQSTransform

from ..errors import require_at_least


class UnivariateTransform(NamedTuple):
    """A monotone map of one coordinate, the identity where all its parameters are 0.

    Attributes:
        make: Parameters -> the map.
        shapes: Of the parameters.
    """

    make: Callable[..., Transform]
    shapes: tuple[Size, ...]


AFFINE = UnivariateTransform(partial(MonotonicAffineTransform, slope=exp(-2)), (Size(), Size()))
"""RealNVP (Dinh et al., ICLR 2017, arXiv:1605.08803), with log-scales bounded by 2 in magnitude."""

ADDITIVE = UnivariateTransform(AdditiveTransform, (Size(),))
"""NICE (Dinh et al., 2014, arXiv:1410.8516)."""


def make_spline(bins: int = 8) -> UnivariateTransform:
    """Rational-quadratic splines on [-5, 5] (Durkan et al., NeurIPS 2019, arXiv:1906.04032)."""
    return UnivariateTransform(
        MonotonicRQSTransform, (Size((bins,)), Size((bins,)), Size((bins - 1,)))
    )


def make_coupling_flow(
    features: int,
    univariate: UnivariateTransform,
    *,
    transforms: int,
    hidden: Sequence[int],
    context: int = 0,
) -> Flow:
    """Couplings that start as the identity, so that the density starts as N(0, I).

    Even coordinates pass unchanged and move the odd ones, then the other way round, in turns: with
    two transforms or more every coordinate moves. Last comes a learned scale of each coordinate
    (Dinh et al., 2014, section 3.3), without which additive couplings would keep all volumes.

    Args:
        features: Width of u; at least 2.
        univariate: What a coupling does to a coordinate.
        transforms: Number of couplings.
        hidden: Widths of each coupling's hidden layers, with ReLU6.
        context: Width of y; 0 for a density without.

    Raises:
        InputError: There are fewer than 2 features or transforms.
    """
    require_at_least(2, features=features, transforms=transforms)
    perceptron = {"hidden_features": hidden, "activation": nn.ReLU6}
    couplings = [
        GeneralCouplingTransform(
            features,
            context,
            torch.arange(features) % 2 == i % 2,  # pyright: ignore[reportArgumentType]
            univariate.make,
            univariate.shapes,
            **perceptron,
        )
        for i in range(transforms)
    ]
    scale = ElementWiseTransform(features, context, AFFINE.make, AFFINE.shapes, **perceptron)
    _zero_parameters([c.hyper[-1] for c in couplings] + [scale.hyper[-1] if context else scale])
    zeros, ones = torch.zeros(features), torch.ones(features)
    base = UnconditionalDistribution(DiagNormal, zeros, ones, buffer=True)
    return Flow([*couplings, scale], base)


def _zero_parameters(modules: Iterable[nn.Module]) -> None:
    """Put every parameter to 0."""
    for module in modules:
        for parameter in module.parameters():
            nn.init.zeros_(parameter)
