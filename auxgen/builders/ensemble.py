"""Ensembles of M2s of vectors."""

from collections.abc import Sequence
from typing import cast

from ..errors import require_at_least
from ..method import Method
from ..methods.ensemble import Ensemble
from ..methods.m2 import M2
from .adgm import m2
from .likelihoods import Likelihood


def m2_ensemble(
    *,
    members: int,
    x: int,
    classes: int,
    hidden: Sequence[int],
    z: int,
    alpha: float,
    prior_rows: int,
    likelihood: Likelihood = "gaussian",
    scale: float = 1.0,
    temperature: float = 1.0,
) -> Method:
    """An equal mixture of M2s with weights of their own, each built by `m2`.

    Args:
        members: Number of members.
        likelihood: Family of p(x|.), one whose parameters are all outputs of the network.
        temperature: Weight of the entropy of an unlabelled row's label.

    Raises:
        InputError: Fewer than one member.
    """
    require_at_least(1, members=members)
    made = [
        m2(
            x=x,
            classes=classes,
            hidden=hidden,
            z=z,
            alpha=alpha,
            prior_rows=prior_rows,
            likelihood=likelihood,
            scale=scale,
            temperature=temperature,
        )
        for _ in range(members)
    ]
    return Ensemble([cast(M2, each) for each in made])
