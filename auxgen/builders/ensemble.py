"""Ensembles of M2s of vectors, and committees of these and of classic classifiers."""

from collections.abc import Sequence
from typing import Any, cast

from torch import nn

from ..errors import require_at_least
from ..method import Method
from ..methods.committee import Committee
from ..methods.ensemble import Ensemble
from ..methods.m2 import M2
from ..methods.vae import VAE
from ..networks.classic import (
    DecisionForest,
    LinearClassifier,
    MeanCodes,
    NamedMixture,
    NormalScores,
)
from .adgm import m2
from .likelihoods import Likelihood
from .vae import vae


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
    knots: int | None = None,
    codes: bool = False,
    m2s_weight: float = 1.0,
    m2s_temperature: float = 1.0,
    **m2s: Any,
) -> Method:
    """M2s that vote beside logistic regression, a random forest, a named mixture and more.

    Args:
        trees: Trees of the forest.
        nodes: Nodes of all its trees.
        components: Gaussians of the mixture.
        directions: Directions of x that it sees.
        knots: Knots of the normal scores of a second logistic regression, beside which members'
            temperatures and weights are fitted; None for neither.
        codes: Whether logistic regression of a VAE's mean codes votes too, of the M2s' sizes.
        m2s_weight: Without knots, how often the M2s count, where others count once.
        m2s_temperature: Without knots, temperature of what they say.
        m2s: Other arguments of `m2_ensemble`.
    """
    others = [
        LinearClassifier(x, classes),
        DecisionForest(trees, nodes, classes, columns=x),
        NamedMixture(x, directions, components, classes),
    ]
    if knots is not None:
        others.append(nn.Sequential(NormalScores(x, knots), LinearClassifier(x, classes)))
    if codes:
        same = {name: m2s[name] for name in ("hidden", "z", "likelihood") if name in m2s}
        encoder = MeanCodes(cast(VAE, vae(x=x, **same)).q_z)
        others.append(nn.Sequential(encoder, LinearClassifier(m2s["z"], classes)))
    return Committee(
        m2s=cast(Ensemble, m2_ensemble(x=x, classes=classes, **m2s)),
        others=others,
        classes=classes,
        fixed=(m2s_weight, m2s_temperature) if knots is None else None,
    )
