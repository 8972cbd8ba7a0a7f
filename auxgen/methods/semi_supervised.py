"""What the semi-supervised models share: their batch."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class SemiSupervised(NamedTuple):
    """Labelled x (b, d) with y (b,) class indices, and unlabelled x (u, d)."""

    x: Tensor
    y: Tensor
    x_unlabelled: Tensor
