"""Quality and variety of samples, by the share of rows within the other set's manifold.

A set's manifold is the union of balls, one around each row, that reach its k-th nearest neighbour
in the set. All is in float64: float32 cannot distinguish a copied row from a near one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError, require_at_least
from . import checks

BLOCK = 256
"""Rows whose distances to all others are in memory at once: 20 MB for 10,000 others."""
ROUND_OFF = 1e-12
"""Round-off of squared distances, relative to the squared norms of which they are made."""


class PrecisionRecall(NamedTuple):
    """Fractions of fake rows in the real manifold and of real rows in the fake one, both ()."""

    precision: Tensor
    recall: Tensor


class DensityCoverage(NamedTuple):
    """Density and coverage, both ().

    Attributes:
        density: Number of real balls around a fake row, divided by k, mean over fake rows; equal
            distributions have 1 in expectation, and it has no upper bound.
        coverage: Fraction of real balls with a fake row in them.
    """

    density: Tensor
    coverage: Tensor


def precision_recall(real: Tensor, fake: Tensor, *, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall (Kynkäänniemi et al. 2019, eqs. 1 and 2): (n, d), (m, d).

    Raises:
        InputError: A set has k rows or fewer, the widths differ, or a number is not finite.
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
    """Density and coverage (Naeem et al. 2020, section 3). Arguments as for `precision_recall`.

    A row on a ball's edge lies in the ball, as for precision and recall.
    """
    real, fake = _centre_features(real, fake, k)
    edge = _compute_squared_radii(real, k)
    distances = _iterate_squared_distances(real, fake)
    held = torch.cat([(squared <= edge[rows, None]).sum(1) for rows, squared in distances])
    return DensityCoverage(held.sum().double() / (k * len(fake)), (held > 0).double().mean())


def _compute_squared_radii(x: Tensor, k: int) -> Tensor:
    """Squared radius of the ball around each row: x (n, d) -> (n,).

    Larger by round-off, so that a neighbour on the edge counts, and its copy in another set too.
    """
    parts = []
    for rows, squared in _iterate_squared_distances(x, x):
        squared.diagonal(rows.start).fill_(torch.inf)  # no row is its own neighbour
        parts.append(squared.topk(k, largest=False).values[:, -1])
    radius = torch.cat(parts).clamp(min=0)
    return radius + ROUND_OFF * (radius + x.square().sum(1))


def _iterate_squared_distances(x: Tensor, y: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """|x_i - y_j|^2 of a block of rows i and all j: x (n, d), y (m, d) -> rows, (rows, m) each.

    One product of matrices is many times faster than differences where rows are wide.
    """
    norms = y.square().sum(1)
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        products = torch.addmm(norms, x[rows], y.T, alpha=-2)
        yield rows, products.add_(x[rows].square().sum(1, keepdim=True))


def _centre_features(real: Tensor, fake: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Both sets less the real mean: distances stay, their round-off shrinks."""
    require_at_least(1, k=k)
    real, fake = checks.check_real_and_fake(real, fake)
    smaller = min(len(real), len(fake))
    if smaller <= k:
        raise InputError(f"The smaller set has {smaller} rows; more than k = {k} are expected.")
    return real - real.mean(0), fake - real.mean(0)
