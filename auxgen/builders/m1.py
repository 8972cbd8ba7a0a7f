"""Models of the codes of a VAE: M1 and M1+M2."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..functional.schedules import linear_warm_up
from ..method import Method
from ..methods.classifier import Classifier
from ..methods.m1 import CodeModel
from ..methods.m2 import M2
from ..networks.distributions import (
    Conditional,
    MaskedNormal,
    StandardNormal,
    categorical,
    diag_normal,
)
from ..networks.mlp import MLP
from .likelihoods import get_likelihood, make_conditional


def m1_classifier(*, x: int, hidden: Sequence[int], z: int, **arguments: Any) -> Method:
    """A classifier of the codes of a `builders.vae`, which are held fixed: M1.

    Args:
        x: Width of x.
        hidden: Widths of the VAE's encoder.
        z: Width of its code.
        arguments: `classes`, `hidden_above` and `prior_rows` of the classifier.
    """
    kept = MaskedNormal(z)
    return CodeModel(
        **_make_m1_parts(x, hidden, z), kept=kept, above=_make_classifier_above(z, **arguments)
    )


def m1_m2(*, x: int, hidden: Sequence[int], z: int, **arguments: Any) -> Method:
    """M2 on the codes of a `builders.vae`, which are held fixed: M1+M2.

    Args:
        x: Width of x.
        hidden: Widths of the VAE's encoder.
        z: Width of its code.
        arguments: See `_make_m2_above`.
    """
    kept = MaskedNormal(z)
    return CodeModel(
        **_make_m1_parts(x, hidden, z), kept=kept, above=_make_m2_above(z, kept, **arguments)
    )


def _make_m1_parts(x: int, hidden: Sequence[int], z: int) -> dict[str, Conditional]:
    """Encoder and decoder as `builders.vae` has them, of bits."""
    return {
        "q_z": Conditional(MLP([x], hidden, 2 * z), diag_normal),
        "p_x": Conditional(MLP([z], hidden[::-1], x), get_likelihood("bernoulli", x, 1.0)[1]),
    }


def _make_classifier_above(
    codes: int, *, classes: int, hidden_above: Sequence[int], prior_rows: int
) -> Classifier:
    """q(y|code)."""
    network = MLP([codes], hidden_above, classes)
    return Classifier(q_y=Conditional(network, categorical), prior_rows=prior_rows)


def _make_m2_above(
    codes: int,
    kept: MaskedNormal,
    *,
    classes: int,
    hidden_above: Sequence[int],
    z_above: int,
    alpha: float,
    prior_rows: int,
) -> M2:
    """M2 of codes, Gaussian where they are kept.

    Args:
        codes: Width of a code.
        kept: Family of p(code|y,z).
        classes: Number of classes.
        hidden_above: Widths of the hidden layers of M2's networks.
        z_above: Width of M2's own code.
        alpha: Weight of the classification term.
        prior_rows: Rows over which the weight prior is spread.
    """
    return M2(
        q_y=make_conditional([codes], hidden_above, classes, categorical),
        q_z=make_conditional([codes, classes], hidden_above, 2 * z_above),
        p_z=StandardNormal(z_above),
        p_x=make_conditional([classes, z_above], hidden_above, 2 * codes, kept),
        classes=classes,
        alpha=alpha,
        prior_rows=prior_rows,
        samples=1,
        warm_up=partial(linear_warm_up, steps=0),
    )
