"""Families of p(x|.) by name, and networks that several builders share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from ..errors import InputError, unknown_name
from ..networks.distributions import (
    Conditional,
    Family,
    FixedScaleNormal,
    FreeScaleNormal,
    LearnedScaleNormal,
    TableFamily,
    bernoulli,
    bounded_normal,
    observed_normal,
)
from ..networks.mlp import MLP, initialize_near_deterministic

Likelihood = (
    Literal["bernoulli", "gaussian", "gaussian_fixed", "gaussian_scalar", "gaussian_pixel"]
    | Mapping[str, Any]
)
"""A family by name; or, of a table, {"numbers": m, "texts": [k_1, k_2, ...]}: Gaussians of the
first m entries, then a category for each group of k entries of 0 and 1."""
Widths = Sequence[int | None]
Sizes = Mapping[str, Any]
"""Sizes of networks by name, as JSON has them."""


def get_likelihood(name: Likelihood, x: int, scale: float) -> tuple[int, Family]:
    """Number of outputs of the head of p(x|.), and the family that they parameterise.

    Raises:
        InputError: There is no such likelihood, or it has another width.
    """
    if isinstance(name, Mapping):
        numbers, texts = int(name["numbers"]), [int(k) for k in name["texts"]]
        if numbers + sum(texts) != x:
            raise InputError(f"The likelihood has {numbers + sum(texts)} entries; expected {x}.")
        return numbers + x, TableFamily(numbers, texts)
    families: dict[str, tuple[int, Callable[[], Family]]] = {
        "bernoulli": (x, lambda: bernoulli),
        "gaussian": (2 * x, lambda: observed_normal),
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
