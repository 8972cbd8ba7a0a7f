"""Rows of an estimator as the members of a committee see them."""

from __future__ import annotations

import numpy as np
import torch

from ..data.dataset import Preprocessor
from ..few_labels.committee import StandardisedRows
from ..few_labels.parts import assign_folds
from .weights import WeightedRows


def find_committee_rows(
    space: Preprocessor, rows: WeightedRows, fold: np.ndarray, label_weights: np.ndarray
) -> StandardisedRows:
    """Rows, and how often they and their labels count, whose classes count so often (k,)."""
    x = space.transform(torch.from_numpy(rows.x)).float().numpy()
    labels = rows.weights * label_weights[rows.places]
    return StandardisedRows(x, rows.places, fold, rows.weights, labels, rows.repeat_places())


def find_folds(rows: WeightedRows, kept: np.ndarray) -> np.ndarray:
    """The fold whose M2 does not learn each row's label (n,), any where the row is not kept."""
    fold = assign_folds(np.where(kept, rows.places, -1))
    return np.where(kept | ~rows.labelled, fold, 0)
