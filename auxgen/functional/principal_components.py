"""Principal components of codes."""

from __future__ import annotations

import torch
from torch import Tensor


def principal_components(x: Tensor, k: int = 2) -> tuple[Tensor, Tensor]:
    """The first k principal components of rows, and their shares of the variance.

    x (n, d) -> (n, k), (k,); missing ones are 0 where there are fewer than k.
    """
    x = x - x.mean(0)
    _, sizes, axes = torch.linalg.svd(x, full_matrices=False)
    points, shares = x.new_zeros(len(x), k), x.new_zeros(k)
    known = min(k, len(sizes))
    points[:, :known] = x @ axes[:known].T
    shares[:known] = sizes[:known].square() / sizes.square().sum().clamp(min=1e-30)
    return points, shares
