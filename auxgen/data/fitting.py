"""A preprocessor fitted to rows: how a model sees them, from their statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from .dataset import Dataset, Preprocessor
from .families import COUNTS, GAUSSIANS
from .scaling import LIMIT, find_constant, measure_columns, measure_scale
from .statistics import measure_entries, take_typical_rows


def fit_preprocessor(
    dataset: Dataset,
    *,
    min_std: float = 0.0,
    standardise: bool = False,
    binary: bool = False,
    families: Sequence[str] = (),
    library_size: bool = False,
) -> Preprocessor:
    """How a model sees these rows as vectors.

    Args:
        dataset: The training rows, whose statistics are taken.
        min_std: Keep only entries whose raw standard deviation over the rows is above this (0.1
            keeps 444 pixels of MNIST, as Maaloe et al.); 0 keeps all.
        standardise: Shift and scale every kept entry to mean 0 and standard deviation 1. Numbers
            of points and tables that never change are not kept; entries of texts stay 0 and 1.
        binary: Whether the model sees bits drawn with the grey values as probabilities.
        families: The likelihood of each entry that is no text, see `families.FAMILIES`; empty for
            Gaussians. Only where rows are standardised.
        library_size: Whether the model sees counts as shares of a row's library size.
    """
    space = Preprocessor(
        kind=dataset.kind,
        shape=tuple(dataset.x.shape[1:]),
        classes=dataset.classes,
        columns=dataset.columns,
        binary=binary,
        frame=dataset.frame,
        table=dataset.table,
    )
    if standardise and dataset.kind != "images":
        rows = take_typical_rows(dataset.x)
        return _standardise_columns(space, rows, families, library_size)
    if not standardise and min_std <= 0:
        return space  # for which no statistics are needed
    mean, std = measure_entries(dataset)
    kept = (std > min_std).nonzero().flatten() if min_std > 0 else None
    seen = slice(None) if kept is None else kept
    scale = torch.where(std > 1e-6, std, 1.0)[seen]  # a pixel that never changes may do so later
    return replace(
        space,
        kept=None if kept is None else tuple(kept.tolist()),
        fill=() if kept is None else tuple(mean.tolist()),
        shift=tuple(mean[seen].tolist()) if standardise else (),
        scale=tuple(scale.tolist()) if standardise else (),
    )


def _standardise_columns(
    space: Preprocessor, x: np.ndarray, families: Sequence[str], library_size: bool
) -> Preprocessor:
    """A space that keeps the columns that change, x (n, d) float64, with mean 0 and deviation 1."""
    constant = find_constant(x)
    texts = np.arange(x.shape[1]) >= x.shape[1] - sum(space.categories)
    if constant[~texts].all() and not texts.any():
        constant[:] = False  # rows that are all the same: a model needs something to see
    kept = np.flatnonzero(~constant | texts)
    whole = len(kept) == x.shape[1]
    space = replace(
        space,
        kept=None if whole else tuple(kept.tolist()),
        fill=() if whole else tuple(measure_scale(x).shift.tolist()),
        limit=LIMIT,
    )
    own = np.array(
        [*families, *("" for _ in range(texts.sum()))] if families else [""] * len(texts)
    )
    own, seen, texts = own[kept], x[:, kept], texts[kept]
    places = np.flatnonzero(np.isin(own, list(COUNTS)))
    if len(places):
        library = np.nanmean(seen[:, places], 0) if library_size else np.empty(0)
        space = replace(space, counts=tuple(places.tolist()), library=tuple(library.tolist()))
        seen = space.count_entries.log(torch.from_numpy(seen)).numpy()
    if space.library:
        at = space.count_entries.at
        own, texts = np.insert(own, at, "size"), np.insert(texts, at, False)
    scale = measure_columns(seen, free=np.isin(own, ("", *GAUSSIANS)) & ~texts, fixed=texts)
    return replace(
        space,
        shift=tuple(scale.shift.tolist()),
        scale=tuple(scale.scale.tolist()),
        compressed=tuple(np.flatnonzero(scale.compressed).tolist()),
    )
