"""Ensembles of M2s of vectors, and committees of these and of classic classifiers."""

from collections.abc import Sequence
from typing import Any, cast

from ..errors import require_at_least
from ..method import Method
from ..methods.committee import Committee
from ..methods.ensemble import Ensemble
from ..methods.m2 import M2
from ..networks.classic import DecisionForest, LinearClassifier, NamedMixture
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
    class_prior: Sequence[float] | None = None,
) -> Method:
    """An equal mixture of M2s with weights of their own, each built by `m2`.

    Args:
        members: Number of members.
        likelihood: Family of p(x|.), one whose parameters are all outputs of the network.
        temperature: Weight of the entropy of an unlabelled row's label.
        class_prior: p(y); None for the same for all.

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
            class_prior=class_prior,
        )
        for _ in range(members)
    ]
    return Ensemble([cast(M2, each) for each in made])


def committee(
    *,
    x: int,
    classes: int,
    trees: int,
    nodes: int,
    components: int,
    directions: int,
    m2s_weight: float,
    m2s_temperature: float,
    **m2s: Any,
) -> Method:
    """M2s that vote beside logistic regression, a random forest and a named mixture.

    Args:
        trees: Trees of the forest.
        nodes: Nodes of all its trees.
        components: Gaussians of the mixture.
        directions: Directions of x that it sees.
        m2s_weight: How often the M2s count, where others count once.
        m2s_temperature: Temperature of what they say.
        m2s: Other arguments of `m2_ensemble`.
    """
    return Committee(
        m2s=cast(Ensemble, m2_ensemble(x=x, classes=classes, **m2s)),
        logistic=LinearClassifier(x, classes),
        forest=DecisionForest(trees, nodes, classes),
        mixture=NamedMixture(x, directions, components, classes),
        m2s_weight=m2s_weight,
        m2s_temperature=m2s_temperature,
    )
