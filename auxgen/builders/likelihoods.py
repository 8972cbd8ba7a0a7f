"""Families of p(x|.) by name, and what several families of builders share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from ..errors import unknown_name
from ..networks.distributions import (
    Conditional,
    Family,
    FixedScaleNormal,
    FreeScaleNormal,
    LearnedScaleNormal,
    bernoulli,
    bounded_normal,
)
from ..networks.initial import initialize_near_deterministic
from ..networks.mlp import MLP

Likelihood = Literal["bernoulli", "gaussian", "gaussian_fixed", "gaussian_scalar", "gaussian_pixel"]


Widths = Sequence[int | None]


def get_likelihood(name: Likelihood, x: int, scale: float) -> tuple[int, Family]:
    """What the head of p(x|.) puts out, and the family that it parameterises."""
    families: dict[str, tuple[int, Callable[[], Family]]] = {
        "bernoulli": (x, lambda: bernoulli),
        "gaussian": (2 * x, lambda: bounded_normal),
        "gaussian_fixed": (x, lambda: FixedScaleNormal(scale)),
        "gaussian_scalar": (x, lambda: LearnedScaleNormal(scale)),
        "gaussian_pixel": (x, lambda: FreeScaleNormal(x, scale)),
    }
    if name not in families:
        raise unknown_name("likelihood", name, families)
    heads, make = families[name]
    return heads, make()


def make_conditional(
    inputs: Widths,
    hidden: Sequence[int],
    heads: int,
    family: Family = bounded_normal,
    *,
    batch_norm: bool = False,
    log_std: float | None = None,
) -> Conditional:
    """An MLP with the family of its heads; a Gaussian with bounded log standard deviations.

    Those start near `log_std`, see `networks.initial.narrowed`; as torch starts layers when None.
    """
    network = MLP(inputs, hidden, heads, batch_norm=batch_norm)
    return Conditional(
        network if log_std is None else initialize_near_deterministic(network, log_std=log_std),
        family,
    )
