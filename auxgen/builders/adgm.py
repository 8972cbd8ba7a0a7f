"""Auxiliary deep generative models of vectors, M2, and the fit of a known density."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
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
from ..networks.distributions import (
    Conditional,
    DegenerateNormal,
    Family,
    bounded_normal,
    categorical,
    diag_normal,
)
from ..networks.mlp import MLP, FreeParameters, Zeros, initialize_he_hidden, initialize_mean_spread
from ..networks.priors import StandardNormal
from .likelihoods import Likelihood, Widths, get_likelihood, make_conditional

LabelledBoundName = Literal["conditional", "marginal"]
"""The bound of a labelled row: on log p(x, y), or on log p(x), which ignores the label."""
LABELLED_BOUNDS: Mapping[LabelledBoundName, semi_supervised.LabelledBound] = {
    "conditional": semi_supervised.conditional_label_bound,
    "marginal": semi_supervised.marginal_label_bound,
}


def adgm(*, a_sees_x: bool = False, **arguments: Any) -> Method:
    """ADGM, p(y) p(z) p(a|z,y,[x]) p(x|z,y); other arguments as in `_build_auxiliary_dgm`.

    Args:
        a_sees_x: Whether a's density is p(a|z,y,x), eq. 5, instead of p(a|z,y), as in section 3.
    """
    return _build_auxiliary_dgm(
        ADGM, lambda x, k, a, z: ([x if a_sees_x else None, k, z], [k, z]), **arguments
    )


def sdgm(**arguments: Any) -> Method:
    """SDGM, p(y) p(z) p(a|z,y) p(x|a,z,y); the arguments of `_build_auxiliary_dgm`."""
    return _build_auxiliary_dgm(SDGM, lambda x, k, a, z: ([k, z], [a, k, z]), **arguments)


def adgm_deterministic(*, a: int, **arguments: Any) -> Method:
    """ADGM with a = mu(x), no variable (figure 5); arguments as in `_build_auxiliary_dgm`."""
    head, p_a = (a, DegenerateNormal), Conditional(Zeros(a), DegenerateNormal)
    return adgm(a_sees_x=False, a=a, q_a_head=head, p_a=p_a, **arguments)


def adgm_uninformed(*, a: int, **arguments: Any) -> Method:
    """ADGM with p(a) = N(0, I), without inputs (appendix A); see `_build_auxiliary_dgm`."""
    p_a = Conditional(Zeros(2 * a), diag_normal)
    return adgm(a_sees_x=False, a=a, p_a=p_a, **arguments)


def _build_auxiliary_dgm(
    model: type[AuxiliaryDGM],
    generative: Callable[[int, int, int, int], tuple[Widths, Widths]],
    *,
    x: int,
    classes: int,
    hidden: Sequence[int],
    a: int,
    z: int,
    likelihood: Likelihood = "bernoulli",
    scale: float = 1.0,
    batch_norm: bool = False,
    log_std_a: float | None = None,
    q_a_head: tuple[int, Family] | None = None,
    p_a: Conditional | None = None,
    **objective: Any,
) -> AuxiliaryDGM:
    """The five MLPs of an auxiliary deep generative model of vectors, all with these hidden layers.

    Log standard deviations of a and z are bounded: p(a|.) under a class that q(y|a,x) rules out
    gets no gradient, its density overflows, and 0 times infinity ends training.
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
        **_make_objective(classes, **objective),
    )


def m2(
    *,
    x: int,
    classes: int,
    hidden: Sequence[int],
    z: int,
    likelihood: Likelihood = "bernoulli",
    scale: float = 1.0,
    batch_norm: bool = False,
    **objective: Any,
) -> Method:
    """M2 of vectors, p(y) p(z) p(x|y,z) with q(y|x) q(z|x,y); objective: see `_make_objective`."""
    given = partial(make_conditional, batch_norm=batch_norm)
    return M2(
        q_y=given([x], hidden, classes, categorical),
        q_z=given([x, classes], hidden, 2 * z),
        p_z=StandardNormal(z),
        p_x=given([classes, z], hidden, *get_likelihood(likelihood, x, scale)),
        **_make_objective(classes, **objective),
    )


def _make_objective(
    classes: int,
    *,
    alpha: float,
    prior_rows: int,
    samples: int = 1,
    warm_up: int = 0,
    warm_up_from: float = 0.0,
    labelled_bound: LabelledBoundName = "conditional",
    classes_summed: int | None = None,
    skip_below: float | None = None,
    temperature_from: float | None = None,
    temperature: float = 1.0,
    class_prior: Sequence[float] | None = None,
) -> dict[str, Any]:
    """What a semi-supervised model learns by, whatever its networks.

    The weight of an unlabelled row's entropy goes from `temperature_from`, or from `temperature`
    where that is None, to `temperature` over the warm-up.

    Raises:
        InputError: `classes_summed` or `skip_below` is out of its range, or both are given.
    """
    start = temperature if temperature_from is None else temperature_from
    summation = _choose_summation(classes, classes_summed, skip_below)
    bound = LABELLED_BOUNDS[labelled_bound]
    if skip_below is not None and labelled_bound == "marginal":
        bound = partial(semi_supervised.marginal_label_bound, summation=summation)
    return {
        "classes": classes,
        "alpha": alpha,
        "prior_rows": prior_rows,
        "samples": samples,
        "warm_up": partial(linear_ramp, steps=warm_up, start=warm_up_from),
        "labelled_bound": bound,
        "summation": summation,
        "temperature": partial(linear_ramp, steps=warm_up, start=start, end=temperature),
        "class_prior": class_prior,
    }


def _choose_summation(
    classes: int, classes_summed: int | None, skip_below: float | None
) -> semi_supervised.Summation:
    """How the label of an unlabelled row is summed out in training.

    Raises:
        InputError: An argument is out of its range, or both are given.
    """
    if classes_summed is None or classes_summed == classes:
        if skip_below is None:
            return semi_supervised.sum_all_classes
        if not 0 <= skip_below < 1:
            raise InputError(f"skip_below is {skip_below:g}; 0 to below 1 is expected.")
        return partial(semi_supervised.sum_live_classes, skip_below=skip_below)
    got = f"classes_summed is {classes_summed}"
    if not 2 <= classes_summed < classes:
        raise InputError(f"{got}; 2 to {classes}, the number of classes, is expected.")
    if skip_below is not None:
        raise InputError(
            f"{got} and skip_below {skip_below:g}; they are two ways to sum over fewer classes; "
            "one of them is expected."
        )
    return partial(semi_supervised.sum_sampled_classes, probable=classes_summed - 1)


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
        a: Width of the auxiliary variable; with 0 there is none, and q(z) is one Gaussian.
        hidden: Widths of the hidden layers of q(z|a) and p(a|z).
        draws: Draws of a and z in a round.
        spread: Standard deviation of the means of q(z|a) over q(a) at the start.
        log_std: Log standard deviation of q(z|a) at the start.
        start: Weight of the energy at the start, an inverse temperature.
        cooling: Steps over which that weight rises to 1.
    """
    if a > 0:
        q_z = initialize_he_hidden(MLP([a], hidden, 2 * z))
        p_a = initialize_he_hidden(MLP([z], hidden, 2 * a))
        initialize_mean_spread(q_z, torch.randn(10_000, a), std=spread, log_std=log_std)
    else:
        mean = spread * torch.randn(z)
        q_z = FreeParameters(torch.cat((mean, torch.full_like(mean, log_std))))
        p_a = FreeParameters(torch.zeros(0))
    return AuxiliaryFit(
        q_a=Conditional(FreeParameters(torch.zeros(2 * a)), bounded_normal),
        q_z=Conditional(q_z, bounded_normal),
        p_a=Conditional(p_a, bounded_normal),
        energy=two_moded_energy,
        draws=draws,
        cooling=partial(linear_ramp, steps=cooling, start=start),
    )
