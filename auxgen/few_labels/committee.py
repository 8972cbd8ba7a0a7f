"""A committee for rows of which few have labels: an ensemble of M2s beside classic classifiers.

Three of the M2s lack a third of the labels each, so that every member has probabilities of labels
that it did not learn. These choose the members' temperatures and weights; the rows without labels
tell how frequent classes are. Settings were chosen on development tables, see
docs/guides/few-labels.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from ..builders import Recipe
from ..method import Method
from ..methods.committee import Committee
from ..methods.ensemble import Ensemble
from ..networks.classic import fill_buffers
from ..rng import use_seed
from .codes import fit_codes
from .ensemble import EnsembleSettings, train_ensemble
from .given_rows import read_given_rows
from .parts import (
    FOLDS,
    KNOTS,
    assign_folds,
    fit_forest,
    fit_logistic,
    fit_mixture,
    fit_ranked_logistic,
)
from .standardiser import Standardiser
from .votes import estimate_class_shares, fit_votes, temper

M2S_TEMPERATURE, OTHERS_TEMPERATURE = 2.0, 0.9
"""Temperatures of members before any label has spoken: q(y|x) of an M2 learns from rows that it has
labelled itself, and trusts them too much."""
MOST_ROWS = 2000
"""Rows without a label that tell how frequent classes are, at most."""


@dataclass(frozen=True, eq=False)
class StandardisedRows:
    """Standardised rows of which few have labels.

    Attributes:
        x: (n, d) float32, NaN where unknown.
        y: Classes (n,), -1 where unknown.
        fold: The fold whose M2 did not learn the row's label (n,), -1 where every M2 may have.
        weights: How often each row counts (n,); None for once.
        label_weights: How often each label counts (n,); None for once.
        repeated: Each row as often as it counts, as indices (m,); None for once.
    """

    x: np.ndarray
    y: np.ndarray
    fold: np.ndarray
    weights: np.ndarray | None = None
    label_weights: np.ndarray | None = None
    repeated: np.ndarray | None = None


class BuiltCommittee(NamedTuple):
    """A committee and how to build it again."""

    method: Committee
    recipe: Recipe


def complete_committee(
    m2s: Method,
    recipe: Recipe,
    rows: StandardisedRows,
    *,
    seed: int,
    estimates_shares: bool = True,
    codes: bool = False,
) -> BuiltCommittee:
    """Fit the members beside trained M2s, and how all of them vote.

    Args:
        m2s: M2s that learned what `hide_folds` leaves of the labels, on the CPU.
        recipe: How they are built.
        rows: What they were trained on.
        seed: Seed of the forest, of the mixture and of the codes.
        estimates_shares: Whether to estimate how frequent classes are; else they are as frequent as
            among the labels.
        codes: Whether logistic regression of a VAE's codes votes too, as counts want it.
    """
    x, y, known = np.nan_to_num(rows.x), rows.y, rows.y >= 0
    logistic = fit_logistic(x, y, seed, rows.label_weights)
    forest = fit_forest(x, y, seed, rows.label_weights)
    mixture = fit_mixture(x, y, seed, rows.label_weights, rows.repeated)
    ranked = fit_ranked_logistic(x, y, seed, rows.label_weights, rows.repeated)
    parts = [logistic, forest, mixture, ranked]
    if codes:
        sizes = {name: recipe.arguments[name] for name in ("x", "hidden", "z", "likelihood")}
        parts.append(fit_codes(rows.x, y, sizes, seed, rows.label_weights, rows.repeated))
    held_out = [predict_held_out(cast(Ensemble, m2s), rows), *(part.held_out for part in parts)]
    votes = fit_votes(held_out, y[known], [M2S_TEMPERATURE] + [OTHERS_TEMPERATURE] * len(parts))
    arguments = {
        **recipe.arguments,
        "trees": len(forest.network.get_buffer("roots")),
        "nodes": len(forest.network.get_buffer("entry")),
        "components": len(mixture.network.get_buffer("means")),
        "directions": len(mixture.network.get_buffer("directions")),
        "knots": KNOTS,
        **({"codes": True} if codes else {}),
    }
    whole = Recipe("committee", arguments)
    with use_seed(seed, torch.device("cpu")):  # of weights that are replaced
        method = cast(Committee, whole.build())
    method.m2s.load_state_dict(m2s.state_dict())
    for own, part in zip(method.others, parts, strict=True):
        own.load_state_dict(part.network.state_dict())
    fill_buffers(
        method,
        temperatures=votes.temperatures,
        weights=votes.weights,
        temperature=votes.temperature,
    )
    method.eval().requires_grad_(False)
    if estimates_shares:
        fill_buffers(method, log_odds=_estimate_log_odds(method, rows))
    return BuiltCommittee(method, whole)


def hide_folds(y: np.ndarray, fold: np.ndarray) -> list[np.ndarray]:
    """What each M2 learns of the labels y (n,): all, and all but those of each fold (n,)."""
    return [y, *(np.where(fold == out, -1, y) for out in range(FOLDS))]


def predict_held_out(m2s: Ensemble, rows: StandardisedRows) -> np.ndarray:
    """Probabilities of the labelled rows, each by the M2 that lacks its label: (n_l, k).

    Equal ones for a row whose label every M2 may have learned.
    """
    known = rows.y >= 0
    fold = rows.fold[known]
    x = torch.from_numpy(rows.x[known])
    probs = np.stack([predict(member, x) for member in m2s.members])
    own = probs[1 + fold.clip(min=0), np.arange(len(fold))]
    return np.where(fold[:, None] >= 0, own, 1 / own.shape[1])


def _estimate_log_odds(committee: Committee, rows: StandardisedRows) -> np.ndarray:
    """log of p(y) over the share of y among the labels, from rows without a label: (k,)."""
    known = rows.y >= 0
    weights = np.ones(len(rows.y)) if rows.label_weights is None else rows.label_weights
    counts = np.bincount(rows.y[known], weights[known])
    labelled = counts / counts.sum()
    others = np.flatnonzero(~known)
    if len(others) == 0:
        return np.zeros(len(labelled))
    if len(others) > MOST_ROWS:
        others = others[np.linspace(0, len(others) - 1, MOST_ROWS).round().astype(int)]
    probs = predict(committee, torch.from_numpy(rows.x[others]))
    own = None if rows.weights is None else rows.weights[others]
    return np.log(estimate_class_shares(probs, labelled, own)) - np.log(labelled)


@torch.no_grad()
def predict(method: Method | torch.nn.Module, x: Tensor) -> np.ndarray:
    """p(y|x) of standardised rows: (n, d) -> (n, k) float64."""
    return cast(Ensemble, method).classify(x).probs.double().numpy()


@dataclass(frozen=True, eq=False)
class CommitteeOfRows:
    """A committee and how it sees raw rows.

    Attributes:
        space: How they are standardised.
        method: The committee.
        recipe: How it is built.
    """

    space: Standardiser
    method: Committee
    recipe: Recipe

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Class probabilities of raw rows: x (m, d) -> (m, k)."""
        return predict(self.method, torch.from_numpy(self.space.transform(x)))

    def predict_by_ensemble(self, x: np.ndarray) -> np.ndarray:
        """What the M2s alone say, at their temperature: x (m, d) -> (m, k)."""
        probs = predict(self.method.m2s, torch.from_numpy(self.space.transform(x)))
        return temper(probs, self.method.temperatures[0].item())


def fit_committee(
    x: np.ndarray,
    y: np.ndarray,
    settings: EnsembleSettings | None = None,
    *,
    seed: int = 0,
    device: str = "cpu",
) -> CommitteeOfRows:
    """Train a committee on raw rows x (n, d) and classes y (n,), -1 where unknown.

    Every class has a labelled row. torch's and numpy's random states stay as they were.

    Raises:
        InputError: x or y are something else.
    """
    settings = settings or EnsembleSettings()
    x, y = read_given_rows(x, y)
    space = Standardiser.fit(x)
    rows = StandardisedRows(space.transform(x), y, assign_folds(y))
    learned = hide_folds(rows.y, rows.fold)
    labelled = [torch.from_numpy(np.flatnonzero(own >= 0)) for own in learned]
    m2s, recipe = train_ensemble(
        torch.from_numpy(rows.x),
        torch.from_numpy(rows.y),
        labelled,
        settings,
        seed=seed,
        device=device,
    )
    built = complete_committee(m2s.cpu().eval(), recipe, rows, seed=seed)
    return CommitteeOfRows(space, built.method, built.recipe)
