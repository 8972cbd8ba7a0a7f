"""Principal components of features: what a model of features sees of them."""

from typing import final

import torch
from torch import Tensor, nn


@final
class Components(nn.Module):
    """Components of the roots of features, all in one unit.

    Features that count how much of something there is in a picture are skewed: their signed square
    roots, at unit length, are nearer to a Gaussian in each class (Hu, Gripon & Pateux, 2021,
    arXiv:2006.03806, section 3.1). Components keep their sizes beside each other, since the last
    ones are mostly noise; all are divided by one number, so that they have a mean square of 1.

    h (b, d) -> (b, k)
    """

    mean: Tensor
    directions: Tensor
    scale: Tensor

    def __init__(self, width: int, components: int) -> None:
        """width: d. components: k. Both are fitted by `features.reduction.fit_components`."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("directions", torch.eye(components, width))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, h: Tensor) -> Tensor:
        return (take_roots(h) - self.mean) @ self.directions.T / self.scale


def take_roots(h: Tensor) -> Tensor:
    """Signed square roots at unit length, 0 where all are 0: (b, d) -> (b, d)."""
    roots = h.sign() * h.abs().sqrt()
    return roots / roots.norm(dim=-1, keepdim=True).clamp(min=1e-12)
