"""Rows with their labels and weights, and the classes, as `fit` of a classifier takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_consistent_length

from .labels import read_known_places, read_labels, require_classes
from .weights import WeightedRows, check_weights, merge_rows


def gather_labelled_rows(
    x: np.ndarray, y: Any, unlabelled: Any, sample_weight: Any, classes: np.ndarray | None = None
) -> tuple[WeightedRows, np.ndarray]:
    """Rows with their labels and weights, and the classes, which may be known before.

    Args:
        x: (n, d).
        y: Labels (n,).
        unlabelled: The mark of a row without a label, see `read_labels`.
        sample_weight: How often each row counts (n,); None for once.
        classes: The classes, where they are known; else those of rows that count.

    Raises:
        InputError: Fewer than two classes are labelled, or a label is none of known ones.
    """
    weights = check_weights(sample_weight, x)
    if classes is None:
        classes, places = read_labels(y, unlabelled)
        check_consistent_length(x, places)
        used = np.unique(places[(weights > 0) & (places >= 0)])
        require_classes(classes[used])
        places = np.where(np.isin(places, used), np.searchsorted(used, places), -1)
        classes = classes[used]
    else:
        require_classes(classes)
        places = read_known_places(y, unlabelled, classes, "the first call")
        check_consistent_length(x, places)
    return merge_rows(x, places, weights), classes
