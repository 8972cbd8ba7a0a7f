"""Families of p(x|.) by name, and networks that several builders share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

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
from ..networks.mlp import MLP, initialize_near_deterministic

Likelihood = Literal["bernoulli", "gaussian", "gaussian_fixed", "gaussian_scalar", "gaussian_pixel"]
Widths = Sequence[int | None]
Sizes = Mapping[str, Any]
"""Sizes of networks by name, as JSON has them."""


def get_likelihood(name: Likelihood, x: int, scale: float) -> tuple[int, Family]:
    """Number of outputs of the head of p(x|.), and the family that they parameterise.

    Raises:
        InputError: There is no such likelihood.
    """
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
    """An `MLP` with a family, by default a Gaussian with bounded log standard deviations.

    Args:
        inputs: Widths of the inputs, see `MLP`.
        heads: Width of the output.
        family: Output -> distribution.
        log_std: Approximate log standard deviations at the start, see
            `initialize_near_deterministic`; as torch starts layers when None.
    """
    network = MLP(inputs, hidden, heads, batch_norm=batch_norm)
    if log_std is not None:
        network = initialize_near_deterministic(network, log_std=log_std)
    return Conditional(network, family)
