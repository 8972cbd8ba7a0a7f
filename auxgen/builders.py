"""Functions of plain JSON-able arguments that assemble methods: what a config.json names.

Arguments are sizes and numbers; which network or family differs is decided here, by value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from .distributions import (
    Conditional,
    Family,
    FixedScaleNormal,
    FreeScaleNormal,
    LearnedScaleNormal,
    StandardNormal,
    bernoulli,
    bounded_normal,
    categorical,
    diag_normal,
)
from .errors import InputError, unknown
from .method import Method
from .methods.auxiliary_dgm import ADGM, SDGM, AuxiliaryDGM
from .methods.classifier import Classifier
from .methods.m2 import M2
from .methods.vae import VAE
from .networks.mlp import MLP
from .schedules import linear_warm_up

Likelihood = Literal["bernoulli", "gaussian", "gaussian_fixed", "gaussian_scalar", "gaussian_pixel"]


@dataclass(frozen=True)
class Recipe:
    """A builder's name and arguments: a method, before it is made."""

    builder: str
    arguments: Mapping[str, Any]

    def build(self) -> Method:
        """Make the method, with fresh weights.

        Raises:
            InputError: There is no such builder, or it does not take these arguments.
        """
        known = builders()
        if self.builder not in known:
            raise unknown("builder", self.builder, known)
        try:
            return known[self.builder](**self.arguments)
        except (TypeError, ValueError, RuntimeError, AttributeError, LookupError) as error:
            raise InputError(
                f"The builder {self.builder} refuses its arguments: {error}."
            ) from error


def builders() -> dict[str, Callable[..., Method]]:
    """The public functions of this module that make a method, by name."""
    makes = {
        n: f for n, f in globals().items() if inspect.isfunction(f) and f.__module__ == __name__
    }
    return {name: f for name, f in makes.items() if f.__annotations__.get("return") == "Method"}


def vae(
    *,
    x: int,
    hidden: Sequence[int],
    z: int,
    likelihood: Likelihood = "bernoulli",
    scale: float = 1.0,
    batch_norm: bool = False,
    warm_up: int = 0,
) -> Method:
    """A VAE of vectors: hidden widths on the way up, the same reversed on the way down.

    Args:
        x: Width of x.
        hidden: Widths of the encoder's hidden layers.
        z: Width of the code.
        likelihood: Family of p(x|z).
        scale: Standard deviation of a Gaussian p(x|z), at the start where it is learned.
        batch_norm: Normalise before each nonlinearity.
        warm_up: Steps over which the KL's weight rises from 0 to 1.
    """
    heads, family = likelihood_of(likelihood, x, scale)
    down = MLP([z], hidden[::-1], heads, batch_norm=batch_norm)
    return VAE(
        q_z=Conditional(MLP([x], hidden, 2 * z, batch_norm=batch_norm), diag_normal),
        p_z=StandardNormal(z),
        p_x=Conditional(down, family),
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def adgm(*, a_sees_x: bool = False, **arguments: Any) -> Method:
    """ADGM, p(y) p(z) p(a|z,y,[x]) p(x|z,y); the arguments of `auxiliary`.

    Args:
        a_sees_x: p(a|z,y,x), eq. 5, rather than p(a|z,y), which section 3 ran.
        arguments: See `auxiliary`.
    """
    return auxiliary(
        ADGM, lambda x, k, a, z: ([x if a_sees_x else None, k, z], [k, z]), **arguments
    )


def sdgm(**arguments: Any) -> Method:
    """SDGM, p(y) p(z) p(a|z,y) p(x|a,z,y); the arguments of `auxiliary`."""
    return auxiliary(SDGM, lambda x, k, a, z: ([k, z], [a, k, z]), **arguments)


Widths = Sequence[int | None]


def auxiliary(
    model: type[AuxiliaryDGM],
    generative: Callable[[int, int, int, int], tuple[Widths, Widths]],
    *,
    x: int,
    classes: int,
    hidden: Sequence[int],
    a: int,
    z: int,
    alpha: float,
    prior_rows: int,
    likelihood: Likelihood = "bernoulli",
    scale: float = 1.0,
    batch_norm: bool = False,
    samples: int = 1,
    warm_up: int = 0,
) -> AuxiliaryDGM:
    """The five MLPs of an auxiliary deep generative model of vectors.

    Log standard deviations of a and z are bounded: p(a|.) under a class that q(y|a,x) rules out
    gets no gradient, its density overflows, and 0 times infinity ends training.

    Args:
        model: Which one.
        generative: Widths of x, y, a, z -> inputs of p(a|.) and of p(x|.), in the model's order.
        x: Width of x.
        classes: Number of classes.
        hidden: Widths of every network's hidden layers.
        a: Width of the auxiliary variable.
        z: Width of the code.
        alpha: Weight of the classification term.
        prior_rows: Rows over which the weight prior is spread; N of the training set.
        likelihood: Family of p(x|.).
        scale: Standard deviation of a Gaussian p(x|.), at the start where it is learned.
        batch_norm: Normalise before each nonlinearity.
        samples: Monte-Carlo draws of a, each with one z per class.
        warm_up: Steps over which the weight of the log-ratios of a and z rises from 0 to 1.
    """

    def given(inputs: Widths, heads: int, family: Family) -> Conditional:
        return Conditional(MLP(inputs, hidden, heads, batch_norm=batch_norm), family)

    into_a, into_x = generative(x, classes, a, z)
    return model(
        q_a=given([x], 2 * a, bounded_normal),
        q_y=given([a, x], classes, categorical),
        q_z=given([a, classes, x], 2 * z, bounded_normal),
        p_z=StandardNormal(z),
        p_a=given(into_a, 2 * a, bounded_normal),
        p_x=given(into_x, *likelihood_of(likelihood, x, scale)),
        classes=classes,
        alpha=alpha,
        prior_rows=prior_rows,
        samples=samples,
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def m2(
    *,
    x: int,
    classes: int,
    hidden: Sequence[int],
    z: int,
    alpha: float,
    prior_rows: int,
    likelihood: Likelihood = "bernoulli",
    scale: float = 1.0,
    batch_norm: bool = False,
    samples: int = 1,
    warm_up: int = 0,
) -> Method:
    """M2 of vectors, p(y) p(z) p(x|y,z) with q(y|x) q(z|x,y); arguments as in `auxiliary`."""

    def given(inputs: Widths, heads: int, family: Family) -> Conditional:
        return Conditional(MLP(inputs, hidden, heads, batch_norm=batch_norm), family)

    return M2(
        q_y=given([x], classes, categorical),
        q_z=given([x, classes], 2 * z, bounded_normal),
        p_z=StandardNormal(z),
        p_x=given([classes, z], *likelihood_of(likelihood, x, scale)),
        classes=classes,
        alpha=alpha,
        prior_rows=prior_rows,
        samples=samples,
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def classifier(
    *, x: int, classes: int, hidden: Sequence[int], prior_rows: int, batch_norm: bool = False
) -> Method:
    """A classifier of vectors, the network q(y|x) of `m2`."""
    network = MLP([x], hidden, classes, batch_norm=batch_norm)
    return Classifier(q_y=Conditional(network, categorical), prior_rows=prior_rows)


def likelihood_of(name: Likelihood, x: int, scale: float) -> tuple[int, Family]:
    """What the head of p(x|.) puts out, and the family that it parameterises."""
    families: dict[str, tuple[int, Callable[[], Family]]] = {
        "bernoulli": (x, lambda: bernoulli),
        "gaussian": (2 * x, lambda: bounded_normal),
        "gaussian_fixed": (x, lambda: FixedScaleNormal(scale)),
        "gaussian_scalar": (x, lambda: LearnedScaleNormal(scale)),
        "gaussian_pixel": (x, lambda: FreeScaleNormal(x, scale)),
    }
    if name not in families:
        raise unknown("likelihood", name, families)
    heads, make = families[name]
    return heads, make()
