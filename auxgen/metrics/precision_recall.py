"""Quality and variety apart: how many rows of one set lie among the other's nearest neighbours.

A set's manifold is the union of balls, one around each row, that reach its k-th nearest neighbour
in the set. All in float64: float32 cannot tell a copied row from a near one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError, require_at_least
from . import checks

BLOCK = 256
"""Rows whose distances to all others are held at once: 20 MB for 10,000 others."""

ROUND_OFF = 1e-12
"""Of squared distances, relative to the squared norms that they are made of."""


class PrecisionRecall(NamedTuple):
    """Fractions, both () and in [0, 1].

    Attributes:
        precision: Of fake rows in the manifold of the real ones.
        recall: Of real rows in the manifold of the fake ones.
    """

    precision: Tensor
    recall: Tensor


class DensityCoverage(NamedTuple):
    """Both ().

    Attributes:
        density: Real balls that hold a fake row, divided by k, mean over fake rows; 1 is expected
            of equal distributions, and it has no upper bound.
        coverage: Fraction of real balls with a fake row in them.
    """

    density: Tensor
    coverage: Tensor


def precision_recall(real: Tensor, fake: Tensor, *, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall (Kynkäänniemi et al. 2019, eqs. 1 and 2).

    Args:
        real: (n, d).
        fake: (m, d).
        k: Neighbours that a ball reaches.

    Raises:
        InputError: k rows or fewer, different widths, or numbers that are not finite.
    """
    real, fake = _centre_features(real, fake, k)
    edge, edge_of_fake = _compute_squared_radii(real, k), _compute_squared_radii(fake, k)
    precise = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
    recalled = []
    for rows, squared in _iterate_squared_distances(real, fake):
        precise |= (squared <= edge[rows, None]).any(0)
        recalled.append((squared <= edge_of_fake).any(1))
    return PrecisionRecall(precise.double().mean(), torch.cat(recalled).double().mean())


def density_coverage(real: Tensor, fake: Tensor, *, k: int = 5) -> DensityCoverage:
    """Density and coverage (Naeem et al. 2020, section 3). Arguments as `precision_recall`.

    A row on a ball's edge lies in it, as in precision and recall.
    """
    real, fake = _centre_features(real, fake, k)
    edge = _compute_squared_radii(real, k)
    held = torch.cat(
        [
            (squared <= edge[rows, None]).sum(1)
            for rows, squared in _iterate_squared_distances(real, fake)
        ]
    )
    return DensityCoverage(held.sum().double() / (k * len(fake)), (held > 0).double().mean())


def compute_expected_coverage(n: int, m: int, k: int = 5) -> float:
    """Coverage to expect of n real and m fake rows of one continuous distribution.

    1 - prod_{i=1}^k (n - i) / (n + m - i) (Naeem et al. 2020, the lemma on coverage).
    """
    require_at_least(1, m=m, k=k)
    require_at_least(k + 1, n=n)
    missed = 1.0
    for i in range(1, k + 1):
        missed *= (n - i) / (n + m - i)
    return 1 - missed


def _compute_squared_radii(x: Tensor, k: int) -> Tensor:
    """Squared radius of the ball around each row: x (n, d) -> (n,).

    More by round-off, so that a neighbour on the edge counts, and so does its copy in another set.
    """
    parts = []
    for rows, squared in _iterate_squared_distances(x, x):
        squared.diagonal(rows.start).fill_(torch.inf)  # nobody is their own neighbour
        parts.append(squared.topk(k, largest=False).values[:, -1])
    radius = torch.cat(parts).clamp(min=0)
    return radius + ROUND_OFF * (radius + x.square().sum(1))


def _iterate_squared_distances(x: Tensor, y: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """|x_i - y_j|^2 of some rows i and all j at a time: x (n, d), y (m, d) -> rows, (rows, m).

    By one product of matrices, which for wide rows is many times faster than by differences.
    """
    norms = y.square().sum(1)
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        products = torch.addmm(norms, x[rows], y.T, alpha=-2)
        yield rows, products.add_(x[rows].square().sum(1, keepdim=True))


def _centre_features(real: Tensor, fake: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Both less the real mean, which keeps distances and lessens their round-off."""
    require_at_least(1, k=k)
    real, fake = checks.check_real_and_fake(real, fake)
    smaller = min(len(real), len(fake))
    if smaller <= k:
        raise InputError(f"The smaller set has {smaller} rows; more than k = {k} are wanted.")
    return real - real.mean(0), fake - real.mean(0)
