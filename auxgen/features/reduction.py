"""Principal components of features, as many as suit labels held out."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..networks.components import Components, take_roots

WIDTHS = (8, 16, 32, 64)
"""Numbers of components that are tried."""
FOLDS, REPEATS = 3, 3
ROWS = 20_000
"""Rows that directions are fitted on, at most."""


class FittedComponents(NamedTuple):
    """Components, and a sentence that says how many there are, and why."""

    network: Components
    note: str

    def transform(self, features: Tensor | np.ndarray) -> np.ndarray:
        """Features (n, d) -> components (n, k), float32."""
        with torch.no_grad():
            return self.network(torch.as_tensor(features).float()).numpy()


def fit_components(
    features: Tensor | np.ndarray,
    y: Tensor | np.ndarray,
    *,
    widths: Sequence[int] = WIDTHS,
    seed: int = 0,
) -> FittedComponents:
    """Directions of all rows, as many as are best for labels that are held out.

    Logistic regression learns two thirds of the labels and tells the others, three times over; the
    number with the least mean -log p(y|x) is taken, or the largest where no label can be held out.

    Args:
        features: Features (n, d), of rows with and without labels; never those of a test.
        y: Classes (n,), -1 where unknown.
        widths: Numbers of components that are tried; those that the rows do not allow are left out.
        seed: Seed of the rows that are held out.

    Raises:
        InputError: There are fewer than two rows, or all are the same.
    """
    from sklearn.decomposition import PCA

    if len(features) < 2:
        raise InputError(f"{len(features)} pictures were given; two or more are expected.")
    roots = take_roots(torch.as_tensor(features)).double().numpy()
    if np.ptp(roots, axis=0).max() < 1e-9:
        raise InputError("All pictures have the same features; different pictures are expected.")
    chosen = np.random.default_rng(seed).permutation(len(roots))[:ROWS]
    most = min(max(widths), features.shape[1], len(chosen) - 1)
    fitted: Any = PCA(most, svd_solver="covariance_eigh").fit(roots[chosen])
    h = fitted.transform(roots)
    allowed = sorted({min(width, most) for width in widths})
    width, reason = _choose_width(h, np.asarray(y), allowed, seed)
    network = Components(features.shape[1], width)
    network.mean.copy_(torch.from_numpy(fitted.mean_))
    network.directions.copy_(torch.from_numpy(fitted.components_[:width]))
    network.scale.copy_(torch.tensor(np.sqrt((h[:, :width] ** 2).mean())))
    share = fitted.explained_variance_ratio_[:width].sum() if most > 1 else 1.0
    note = f"Models see {width} principal components of {features.shape[1]} features"
    return FittedComponents(network, f"{note}, {100 * share:.0f} % of their variance; {reason}.")


def _choose_width(h: np.ndarray, y: np.ndarray, widths: list[int], seed: int) -> tuple[int, str]:
    """The number of components, and the reason: h (n, k) in order, y (n,)."""
    known = np.flatnonzero(y >= 0)
    parts = list(_split_labels(y[known], np.random.default_rng(seed)))
    if not parts or len(widths) == 1:
        return widths[-1], "no labels could be held out to choose their number"
    losses = [np.mean(_measure_width(h[known, :w], y[known], parts)) for w in widths]
    return widths[
        int(np.argmin(losses))
    ], "their number was chosen by labels of training rows that were held out"


def _split_labels(y: np.ndarray, draw: np.random.Generator) -> Iterator[tuple[Any, Any]]:
    """Rows to learn from and rows held out: a third of each class, but never all of it."""
    for _ in range(REPEATS):
        fold = np.full(len(y), -1)
        for c in np.unique(y):
            own = draw.permutation(np.flatnonzero(y == c))
            if len(own) > 1:
                fold[own] = np.arange(len(own)) % FOLDS
        for out in range(FOLDS):
            held = fold == out
            if held.any() and len(np.unique(y[~held])) > 1:
                yield np.flatnonzero(~held), np.flatnonzero(held)


def _measure_width(h: np.ndarray, y: np.ndarray, parts: list[tuple[Any, Any]]) -> list[float]:
    """Mean -log p(y|x) of each part's rows, by logistic regression of the others: h (n, k)."""
    from sklearn.linear_model import LogisticRegression

    scaled, losses = h / np.sqrt((h**2).mean()), []
    for kept, out in parts:
        fitted: Any = LogisticRegression(max_iter=500).fit(scaled[kept], y[kept])
        places = np.searchsorted(fitted.classes_, y[out])
        own = fitted.predict_log_proba(scaled[out])[np.arange(len(out)), places]
        losses.append(-float(own.mean()))
    return losses
