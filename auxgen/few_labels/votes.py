"""What members of a committee count, by labels held out, and how frequent classes are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..metrics.calibration import fit_temperature_of_few

MEMBER_WORTH = 2.0
"""How many nats hold a member's temperature where it is expected."""
MEAN_TEMPERATURE, MEAN_WORTH = 0.9, 3.0
"""Temperature of a mean of members before any label has spoken, and how many nats hold it there."""
WEIGHTS_WORTH = 5.0
"""How many labels equal weights of all members are worth."""
SHARES_WORTH = 1.5
"""How much the shares of the labels are worth, where those of the rows without one are worth 1."""
LEAST_VOTE = 0.01
"""Least probability of a label in a member's weight: one error is not the end of a member."""


@dataclass(frozen=True, eq=False)
class Votes:
    """How members' probabilities become one.

    Attributes:
        temperatures: Of each member (m,).
        weights: Of each member in the mean (m,); their sum is 1.
        temperature: Of the mean.
    """

    temperatures: np.ndarray
    weights: np.ndarray
    temperature: float


def fit_votes(held_out: Sequence[np.ndarray], y: np.ndarray, expected: Sequence[float]) -> Votes:
    """Temperatures and weights that suit labels which the members did not learn.

    Args:
        held_out: Each member's probabilities of the labelled rows (n, k).
        y: Their labels (n,).
        expected: Temperature of each member before any label has spoken.
    """
    labels = torch.from_numpy(y)
    temperatures = [
        fit_temperature_of_few(take_log(probs), labels, center=center, worth=MEMBER_WORTH)
        for probs, center in zip(held_out, expected, strict=True)
    ]
    voices = np.stack([temper(p, t) for p, t in zip(held_out, temperatures, strict=True)])
    likelihoods = voices[:, np.arange(len(y)), y].T.clip(min=LEAST_VOTE)
    equal = np.full(len(voices), 1 / len(voices))
    weights = estimate_shares(likelihoods, equal, WEIGHTS_WORTH)
    mean = np.tensordot(weights, voices, 1)
    temperature = fit_temperature_of_few(
        take_log(mean), labels, center=MEAN_TEMPERATURE, worth=MEAN_WORTH
    )
    return Votes(np.array(temperatures), weights, temperature)


def estimate_class_shares(
    probs: np.ndarray, labelled: np.ndarray, counts: np.ndarray | None = None
) -> np.ndarray:
    """p(y) of rows without a label, from what a classifier of other shares says of them: (k,).

    The EM algorithm of Saerens, Latinne and Decaestecker (Neural Computation, 2002), with a
    Dirichlet prior at the shares of the labels.

    Args:
        probs: p(y|x) where classes are as frequent as among the labels (n, k).
        labelled: Their shares among the labels (k,).
        counts: How often each row counts (n,); None for once.
    """
    counts = np.ones(len(probs)) if counts is None else counts
    return estimate_shares(probs / labelled, labelled, SHARES_WORTH * counts.sum(), counts)


def estimate_shares(
    likelihoods: np.ndarray,
    prior: np.ndarray,
    worth: float,
    counts: np.ndarray | None = None,
    rounds: int = 1000,
) -> np.ndarray:
    """Shares w of a mixture's components, by EM.

    They are where sum_i c_i log sum_j w_j p_ij + worth * sum_j prior_j log w_j is largest.

    Args:
        likelihoods: p_ij, above 0 for some j of each row (n, m).
        prior: Shares before any row has spoken (m,).
        worth: How many rows the prior is worth.
        counts: How often each row counts (n,); None for once.
        rounds: Rounds of EM, at most.
    """
    counts = np.ones(len(likelihoods)) if counts is None else counts
    shares, total = prior, counts.sum() + worth
    if total == 0:
        return prior
    for _ in range(rounds):
        own = likelihoods * shares
        own = own / own.sum(1, keepdims=True)
        updated = (counts @ own + worth * prior) / total
        if np.abs(updated - shares).max() < 1e-7:
            break
        shares = updated
    return shares


def temper(probs: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities in proportion to their power of 1 / T: (n, k) -> (n, k)."""
    powers = probs ** (1 / temperature)
    return powers / powers.sum(-1, keepdims=True)


def take_log(probs: np.ndarray) -> Tensor:
    """log p, of 1e-6 where p is below."""
    return torch.from_numpy(np.log(np.maximum(probs, 1e-6)))
