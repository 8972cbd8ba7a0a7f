"""Densities, losses and pixels are never computed below float32, whatever a network's precision."""

from __future__ import annotations

import torch
from torch import Tensor


def promote_to_float32(x: Tensor) -> Tensor:
    """x in float32 where it is in less, else as it is."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
