"""Precision of densities, losses and pixels: float32 or more, whatever that of networks."""

import torch
from torch import Tensor


def promote_to_float32(x: Tensor) -> Tensor:
    """x in float32 if its precision is lower, else x."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
