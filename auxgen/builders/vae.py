"""VAEs of vectors: of one and several stochastic layers, with importance weights, auxiliary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from ..functional.schedules import linear_warm_up
from ..method import Method
from ..methods.avae import AVAE
from ..methods.iwae import IWAE
from ..methods.vae import VAE
from ..networks.distributions import Conditional, StandardNormal, diag_normal
from ..networks.free import Zeros
from ..networks.mlp import MLP
from .likelihoods import Likelihood, get_likelihood, make_conditional


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
    heads, family = get_likelihood(likelihood, x, scale)
    down = MLP([z], hidden[::-1], heads, batch_norm=batch_norm)
    return VAE(
        q_z=Conditional(MLP([x], hidden, 2 * z, batch_norm=batch_norm), diag_normal),
        p_z=StandardNormal(z),
        p_x=Conditional(down, family),
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def iwae(
    *,
    x: int,
    hidden: Sequence[Sequence[int]],
    z: Sequence[int],
    k: int = 1,
    likelihood: Likelihood = "bernoulli",
    scale: float = 1.0,
    batch_norm: bool = False,
    warm_up: int = 0,
) -> Method:
    """A VAE of one or several stochastic layers, trained with k importance weights.

    Args:
        x: Width of x.
        hidden: Widths of the hidden layers between one layer and the next, from x upwards.
        z: Widths of z_1, ..., z_L.
        k: Weights in training; with 1 it is a VAE.
        likelihood: Family of p(x|z_1).
        scale: Standard deviation of a Gaussian p(x|z_1), at the start where it is learned.
        batch_norm: Normalise before each nonlinearity.
        warm_up: Steps over which the weight of log p(z) - log q(z|x) rises from 0 to 1.
    """
    given = partial(make_conditional, batch_norm=batch_norm)
    heads, family = get_likelihood(likelihood, x, scale)
    return IWAE(
        q_z=[given([i], h, 2 * o) for i, o, h in zip([x, *z], z, hidden, strict=False)],
        p_z=[given([o], h[::-1], 2 * i) for (i, o), h in zip(pairwise(z), hidden[1:], strict=True)],
        p_top=StandardNormal(z[-1]),
        p_x=given([z[0]], hidden[0][::-1], heads, family),
        k=k,
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def avae(*, a_sees_x: bool = False, **arguments: Any) -> Method:
    """AVAE with p(a_i|z_i..z_L), eq. 20; other arguments as in `_build_avae`.

    Args:
        a_sees_x: p(a_i|z_i..z_L,x), eq. 2, rather than eq. 20.
        arguments: See `_build_avae`.
    """

    def informed(
        x: int, above: Sequence[int], a: int, hidden: Sequence[int], batch_norm: bool
    ) -> Conditional:
        return make_conditional(
            [x if a_sees_x else None, *above], hidden, 2 * a, batch_norm=batch_norm
        )

    return _build_avae(informed, **arguments)


def avae_uninformed(**arguments: Any) -> Method:
    """AVAE with p(a_i) = N(0, I), which sees nothing (appendix A); arguments as in `_build_avae`."""
    return _build_avae(lambda x, above, a, *_: Conditional(Zeros(2 * a), diag_normal), **arguments)


def _build_avae(
    p_a: Callable[[int, Sequence[int], int, Sequence[int], bool], Conditional],
    *,
    x: int,
    hidden: Sequence[Sequence[int]],
    z: Sequence[int],
    a: Sequence[int],
    likelihood: Likelihood = "bernoulli",
    scale: float = 1.0,
    batch_norm: bool = False,
    warm_up: int = 0,
    log_std_a: float | None = None,
) -> AVAE:
    """The networks of an AVAE of vectors.

    Args:
        p_a: Makes p(a_i|.) of the widths of x, of z_i..z_L and of a_i, hidden widths and whether
            to normalise.
        x: Width of x.
        hidden: Widths of the hidden layers between one layer and the next, from x upwards.
        z: Widths of z_1, ..., z_L.
        a: Widths of a_1, ..., a_L.
        likelihood: Family of p(x|z_1).
        scale: Standard deviation of a Gaussian p(x|z_1), at the start where it is learned.
        batch_norm: Normalise before each nonlinearity.
        warm_up: Steps over which the weight of the log-ratios of a and z rises from 0 to 1.
        log_std_a: Of every q(a_i|.) at the start; below 0, a starts as a code rather than as noise.
            As torch starts layers, near 0, when not given.
    """
    given = partial(make_conditional, batch_norm=batch_norm)
    layers = range(len(z))
    into_z, into_a = [x, *z], [x, *a]
    heads, family = get_likelihood(likelihood, x, scale)
    return AVAE(
        q_a=[given([into_a[i]], hidden[i], 2 * a[i], log_std=log_std_a) for i in layers],
        q_z=[given([a[i], into_z[i]], hidden[i], 2 * z[i]) for i in layers],
        p_z=[given([z[i]], hidden[i][::-1], 2 * z[i - 1]) for i in layers[1:]],
        p_top=StandardNormal(z[-1]),
        p_a=[p_a(x, z[i:], a[i], hidden[i], batch_norm) for i in layers],
        p_x=given([z[0]], hidden[0][::-1], heads, family),
        warm_up=partial(linear_warm_up, steps=warm_up),
    )
