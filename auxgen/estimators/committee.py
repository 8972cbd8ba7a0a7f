"""A committee's other members, and its temperature, beside M2s that are trained."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import torch

from ..builders import Recipe
from ..data.dataset import Preprocessor
from ..few_labels import committee as few
from ..few_labels.parts import fit_forest, fit_logistic, fit_mixture
from ..method import Method
from ..methods.committee import Committee
from ..metrics.calibration import fit_temperature_of_few
from ..networks.classic import fill_buffers
from .weights import WeightedRows


class BuiltCommittee(NamedTuple):
    """A committee and how to build it again."""

    method: Method
    recipe: Recipe


def complete_committee(
    m2s: Method,
    recipe: Recipe,
    rows: WeightedRows,
    space: Preprocessor,
    label_weights: np.ndarray,
    seed: int,
) -> BuiltCommittee:
    """Fit the members beside trained M2s, and the temperature of all.

    Args:
        m2s: An ensemble.
        recipe: How it is built.
        rows: Rows that it was trained on.
        space: How it sees them.
        label_weights: How often each row's label counts (n,).
        seed: Seed of the forest and of the mixture.
    """
    x = np.nan_to_num(space.transform(torch.from_numpy(rows.x)).float().numpy())
    y = rows.places
    logistic = fit_logistic(x, y, seed, label_weights)
    forest = fit_forest(x, y, seed, label_weights)
    mixture = fit_mixture(x, y, seed, label_weights, rows.repeat_places())
    known = np.mean([part.held_out for part in (logistic, forest, mixture)], 0)
    temperature = fit_temperature_of_few(
        torch.from_numpy(np.log(np.maximum(known, 1e-6))),
        torch.from_numpy(y[y >= 0]),
        center=few.MEAN_TEMPERATURE,
        worth=few.MEAN_WORTH,
    )
    trees, density = forest.network, mixture.network
    arguments = {
        **recipe.arguments,
        "trees": len(trees.get_buffer("roots")),
        "nodes": len(trees.get_buffer("entry")),
        "components": len(density.get_buffer("means")),
        "directions": len(density.get_buffer("directions")),
        "m2s_weight": few.ENSEMBLE_WEIGHT,
        "m2s_temperature": few.ENSEMBLE_TEMPERATURE,
    }
    whole = Recipe("committee", arguments)
    method = cast(Committee, whole.build())
    method.m2s.load_state_dict(m2s.state_dict())
    for own, part in zip(method.others, (logistic, forest, mixture), strict=True):
        own.load_state_dict(part.network.state_dict())
    fill_buffers(method, temperature=temperature)
    return BuiltCommittee(method.eval().requires_grad_(False), whole)
