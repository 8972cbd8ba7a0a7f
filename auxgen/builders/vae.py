"""VAEs of vectors, with one and several stochastic layers, and models of their codes: M1, M1+M2."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from ..functional.schedules import linear_warm_up
from ..method import Method
from ..methods.avae import AVAE
from ..methods.classifiers import Classifier
from ..methods.iwae import IWAE
from ..methods.m1 import CodeModel
from ..methods.m2 import M2
from ..methods.vae import VAE
from ..networks.distributions import Conditional, MaskedNormal, categorical, diag_normal
from ..networks.mlp import Zeros
from ..networks.priors import StandardNormal
from .likelihoods import Likelihood, Widths, get_likelihood, make_conditional


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
    """A VAE of vectors."""
    given = partial(make_conditional, batch_norm=batch_norm)
    down = given([z], hidden[::-1], *get_likelihood(likelihood, x, scale))
    return VAE(
        q_z=given([x], hidden, 2 * z, diag_normal),
        p_z=StandardNormal(z),
        p_x=down,
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
    encoder: Sequence[Sequence[int]] | None = None,
    log_std_z: float | None = None,
) -> Method:
    """A VAE of one or several stochastic layers, trained with k importance weights.

    Args:
        hidden: Widths of the hidden layers between one layer and the next, from x upwards.
        z: Widths of z_1, ..., z_L.
        k: Importance weights in training; with 1 it is a VAE.
        encoder: Widths of the hidden layers of each q(z_i|z_{i-1}); `hidden` when None.
        log_std_z: Log standard deviations of each q at the start; as torch starts layers when None.
    """
    given = partial(make_conditional, batch_norm=batch_norm)
    heads, family = get_likelihood(likelihood, x, scale)
    ways_up = zip([x, *z], z, encoder or hidden, strict=False)
    return IWAE(
        q_z=[given([i], h, 2 * o, log_std=log_std_z) for i, o, h in ways_up],
        p_z=[given([o], h[::-1], 2 * i) for (i, o), h in zip(pairwise(z), hidden[1:], strict=True)],
        p_top=StandardNormal(z[-1]),
        p_x=given([z[0]], hidden[0][::-1], heads, family),
        k=k,
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def avae(*, a_sees_x: bool = False, **arguments: Any) -> Method:
    """AVAE with p(a_i|z_i..z_L), eq. 20; other arguments as in `_build_avae`.

    Args:
        a_sees_x: Whether a's density is p(a_i|z_i..z_L,x), eq. 2, instead of that of eq. 20.
    """
    return _build_avae(lambda x, above: [x if a_sees_x else None, *above], **arguments)


def avae_uninformed(**arguments: Any) -> Method:
    """AVAE with p(a_i) = N(0, I), without inputs (appendix A); arguments as in `_build_avae`."""
    return _build_avae(lambda x, above: None, **arguments)


def _build_avae(
    into_p_a: Callable[[int, Sequence[int]], Widths | None],
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
    upper_a_sees_x: bool = True,
) -> AVAE:
    """The networks of an AVAE of vectors, with hidden and z as in `iwae`.

    Args:
        log_std_a: Log standard deviations of each q(a_i|.) at the start; as torch starts layers
            when None.
        upper_a_sees_x: Whether it is q(a_i|a_{i-1},x) above the first layer, eq. 19, and not
            q(a_i|a_{i-1}), as in version 0.1.
    """
    given = partial(make_conditional, batch_norm=batch_norm)

    def make_p_a(i: int) -> Conditional:
        inputs = into_p_a(x, z[i:])
        if inputs is None:
            return Conditional(Zeros(2 * a[i]), diag_normal)
        return given(inputs, hidden[i], 2 * a[i])

    layers = range(len(z))
    into_z = [x, *z]
    into_a: list[Widths] = [[x], *([below, x if upper_a_sees_x else None] for below in a[:-1])]
    heads, family = get_likelihood(likelihood, x, scale)
    return AVAE(
        q_a=[given(into_a[i], hidden[i], 2 * a[i], log_std=log_std_a) for i in layers],
        q_z=[given([a[i], into_z[i]], hidden[i], 2 * z[i]) for i in layers],
        p_z=[given([z[i]], hidden[i][::-1], 2 * z[i - 1]) for i in layers[1:]],
        p_top=StandardNormal(z[-1]),
        p_a=[make_p_a(i) for i in layers],
        p_x=given([z[0]], hidden[0][::-1], heads, family),
        warm_up=partial(linear_warm_up, steps=warm_up),
    )


def m1_classifier(
    *,
    x: int,
    hidden: Sequence[int],
    z: int,
    classes: int,
    hidden_above: Sequence[int],
    prior_rows: int,
) -> Method:
    """M1, a classifier of the codes of a `vae`, whose networks (x, hidden, z) are held fixed."""
    parts = _make_m1_parts(x, hidden, z)
    q_y = make_conditional([z], hidden_above, classes, categorical)
    return CodeModel(**parts, above=Classifier(q_y=q_y, prior_rows=prior_rows))


def m1_m2(
    *,
    x: int,
    hidden: Sequence[int],
    z: int,
    classes: int,
    hidden_above: Sequence[int],
    z_above: int,
    alpha: float,
    prior_rows: int,
) -> Method:
    """M1+M2: M2 on the codes of a `vae`, whose networks (x, hidden, z) are held fixed.

    Args:
        hidden_above: Widths of the hidden layers of M2's networks.
        z_above: Width of M2's own code.
    """
    parts = _make_m1_parts(x, hidden, z)
    above = M2(
        q_y=make_conditional([z], hidden_above, classes, categorical),
        q_z=make_conditional([z, classes], hidden_above, 2 * z_above),
        p_z=StandardNormal(z_above),
        p_x=make_conditional([classes, z_above], hidden_above, 2 * z, parts["kept"]),
        classes=classes,
        alpha=alpha,
        prior_rows=prior_rows,
        samples=1,
        warm_up=partial(linear_warm_up, steps=0),
    )
    return CodeModel(**parts, above=above)


def _make_m1_parts(x: int, hidden: Sequence[int], z: int) -> dict[str, Any]:
    """Encoder and decoder of a `vae` of bits, and the family of those entries that are kept."""
    q_z = make_conditional([x], hidden, 2 * z, diag_normal)
    p_x = make_conditional([z], hidden[::-1], *get_likelihood("bernoulli", x, 1.0))
    return {"q_z": q_z, "p_x": p_x, "kept": MaskedNormal(z)}
