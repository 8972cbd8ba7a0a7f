"""Auxiliary deep generative models of vectors, M2, and the fit of a known density."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

import torch

from ..data.toys import two_moded_energy
from ..errors import InputError
from ..functional.schedules import linear_ramp
from ..method import Method
from ..methods import semi_supervised
from ..methods.adgm import ADGM, SDGM, AuxiliaryDGM
from ..methods.density_fit import AuxiliaryFit
from ..methods.m2 import M2
from ..methods.semi_supervised import LabelledBound, Summation, sum_all_classes, sum_sampled_classes
from ..networks.distributions import (
    Conditional,
    DegenerateNormal,
    Family,
    StandardNormal,
    bounded_normal,
    categorical,
    diag_normal,
)
from ..networks.free import FreeParameters, Zeros
from ..networks.initial import initialize_he_hidden, initialize_mean_spread
from ..networks.mlp import MLP
from .likelihoods import Likelihood, Widths, get_likelihood, make_conditional

LabelledBoundName = Literal["conditional", "marginal"]
"""What bounds a labelled row: log p(x, y), or log p(x) with the label left out."""
LABELLED_BOUNDS: Mapping[LabelledBoundName, LabelledBound] = MappingProxyType(
    {
        "conditional": semi_supervised.conditional_label_bound,
        "marginal": semi_supervised.marginal_label_bound,
    }
)


def adgm(*, a_sees_x: bool = False, **arguments: Any) -> Method:
    """ADGM, p(y) p(z) p(a|z,y,[x]) p(x|z,y); the arguments of `_build_auxiliary_dgm`.

    Args:
        a_sees_x: p(a|z,y,x), eq. 5, rather than p(a|z,y), which section 3 ran.
        arguments: See `_build_auxiliary_dgm`.
    """
    return _build_auxiliary_dgm(
        ADGM, lambda x, k, a, z: ([x if a_sees_x else None, k, z], [k, z]), **arguments
    )


def sdgm(**arguments: Any) -> Method:
    """SDGM, p(y) p(z) p(a|z,y) p(x|a,z,y); the arguments of `_build_auxiliary_dgm`."""
    return _build_auxiliary_dgm(SDGM, lambda x, k, a, z: ([k, z], [a, k, z]), **arguments)


def _make_summation(summed: int | None, classes: int) -> Summation:
    """Over all classes, or over so many of them.

    Raises:
        InputError: Fewer than 2, or more than there are.
    """
    if summed is None or summed == classes:
        return sum_all_classes
    if not 2 <= summed < classes:
        raise InputError(
            f"classes_summed is {summed}; 2 to {classes}, the number of classes, are wanted."
        )
    return partial(sum_sampled_classes, probable=summed - 1)


def _build_auxiliary_dgm(
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
    warm_up_from: float = 0.0,
    labelled_bound: LabelledBoundName = "conditional",
    classes_summed: int | None = None,
    temperature_from: float = 1.0,
    log_std_a: float | None = None,
    q_a_head: tuple[int, Family] | None = None,
    p_a: Conditional | None = None,
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
        warm_up: Steps over which the weight of the log-ratios of a and z goes to 1.
        warm_up_from: That weight at first; above 1, classes have to be told by y before z can.
        labelled_bound: Of a labelled row, beside the classification term: conditional, -L(x, y),
            as the papers; marginal, -U(x), which leaves the label out.
        classes_summed: Classes over which training sums the label of an unlabelled row out: the
            most probable ones and one drawn from the rest, without bias; all when not given.
        temperature_from: Weight of the entropy of q(y|.) of unlabelled rows at first, which goes to
            1 as that of the log-ratios does; above 1, classes stay undecided for longer.
        log_std_a: Of q(a|x) at the start; below 0, a starts as a code of x rather than as noise.
            As torch starts layers, near 0, when not given.
        q_a_head: Heads and family of q(a|x); Gaussian when not given.
        p_a: p(a|.) where it is no network; of the network's inputs.
    """
    into_a, into_x = generative(x, classes, a, z)
    given = partial(make_conditional, batch_norm=batch_norm)
    return model(
        q_a=given([x], hidden, *(q_a_head or (2 * a, bounded_normal)), log_std=log_std_a),
        q_y=given([a, x], hidden, classes, categorical),
        q_z=given([a, classes, x], hidden, 2 * z),
        p_z=StandardNormal(z),
        p_a=p_a or given(into_a, hidden, 2 * a),
        p_x=given(into_x, hidden, *get_likelihood(likelihood, x, scale)),
        classes=classes,
        alpha=alpha,
        prior_rows=prior_rows,
        samples=samples,
        warm_up=partial(linear_ramp, steps=warm_up, start=warm_up_from),
        labelled_bound=LABELLED_BOUNDS[labelled_bound],
        summation=_make_summation(classes_summed, classes),
        temperature=partial(linear_ramp, steps=warm_up, start=temperature_from),
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
    warm_up_from: float = 0.0,
    labelled_bound: LabelledBoundName = "conditional",
    classes_summed: int | None = None,
    temperature_from: float = 1.0,
) -> Method:
    """M2 of vectors, p(y) p(z) p(x|y,z) with q(y|x) q(z|x,y); arguments as in `_build_auxiliary_dgm`."""
    given = partial(make_conditional, batch_norm=batch_norm)
    return M2(
        q_y=given([x], hidden, classes, categorical),
        q_z=given([x, classes], hidden, 2 * z),
        p_z=StandardNormal(z),
        p_x=given([classes, z], hidden, *get_likelihood(likelihood, x, scale)),
        classes=classes,
        alpha=alpha,
        prior_rows=prior_rows,
        samples=samples,
        warm_up=partial(linear_ramp, steps=warm_up, start=warm_up_from),
        labelled_bound=LABELLED_BOUNDS[labelled_bound],
        summation=_make_summation(classes_summed, classes),
        temperature=partial(linear_ramp, steps=warm_up, start=temperature_from),
    )


def adgm_deterministic(*, a: int, **arguments: Any) -> Method:
    """ADGM with a = mu(x), no variable (figure 5); arguments as in `_build_auxiliary_dgm`."""
    p_a = Conditional(Zeros(a), DegenerateNormal)
    return _build_auxiliary_dgm(
        ADGM, _select_y_and_z, a=a, q_a_head=(a, DegenerateNormal), p_a=p_a, **arguments
    )


def adgm_uninformed(*, a: int, **arguments: Any) -> Method:
    """ADGM with p(a) = N(0, I), which sees nothing (appendix A); as `_build_auxiliary_dgm`."""
    p_a = Conditional(Zeros(2 * a), diag_normal)
    return _build_auxiliary_dgm(ADGM, _select_y_and_z, a=a, p_a=p_a, **arguments)


def _select_y_and_z(x: int, k: int, a: int, z: int) -> tuple[Widths, Widths]:
    """Inputs of p(a|x,y,z), which ignores x, and of p(x|y,z)."""
    del x, a
    return [None, k, z], [k, z]


def auxiliary_fit(
    *,
    z: int = 2,
    a: int = 4,
    hidden: Sequence[int] = (20, 20, 20),
    draws: int = 100,
    spread: float = 2.0,
    log_std: float = -1.5,
    start: float = 0.2,
    cooling: int = 2000,
) -> Method:
    """A fit of the density of two modes, `toys.two_moded_energy`.

    Args:
        z: Width of z.
        a: Width of the auxiliary variable; with 0 there is none, and q(z) is one Gaussian.
        hidden: Widths of the hidden layers of q(z|a) and p(a|z).
        draws: Of a and z in a round.
        spread: Standard deviation that the means of q(z|a) have over q(a) at the start.
        log_std: Log standard deviation of q(z|a) at the start.
        start: Weight of the energy at the start, an inverse temperature.
        cooling: Steps over which that weight rises to 1.
    """
    if a > 0:
        q_z, p_a = (
            initialize_he_hidden(MLP([a], hidden, 2 * z)),
            initialize_he_hidden(MLP([z], hidden, 2 * a)),
        )
        initialize_mean_spread(q_z, torch.randn(10_000, a), std=spread, log_std=log_std)
    else:
        mean = spread * torch.randn(z)
        q_z, p_a = (
            FreeParameters(torch.cat((mean, torch.full_like(mean, log_std)))),
            FreeParameters(torch.zeros(0)),
        )
    return AuxiliaryFit(
        q_a=Conditional(FreeParameters(torch.zeros(2 * a)), bounded_normal),
        q_z=Conditional(q_z, bounded_normal),
        p_a=Conditional(p_a, bounded_normal),
        energy=two_moded_energy,
        draws=draws,
        cooling=partial(linear_ramp, steps=cooling, start=start),
    )
