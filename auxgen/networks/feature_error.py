"""An error of reconstructions in the features of a network, beside that of their pixels."""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from ..functional.precision import promote_to_float32


@final
class FeatureError(nn.Module):
    """error(x, x_r) + weight * sum_l mean |h_l(x) - h_l(x_r)|, with the layers h_l held fixed.

    x and x_r (b, c, h, w) in [0, 1] -> a scalar, the mean over rows; of pixels and of each layer's
    activations it is the mean, too.
    """

    def __init__(
        self, error: Callable[[Tensor, Tensor], Tensor], h: nn.Module, weight: float
    ) -> None:
        """h: Images -> activations by layer, see `networks.taps`."""
        super().__init__()
        self.error, self.h, self.weight = error, h, weight

    def forward(self, x: Tensor, x_r: Tensor) -> Tensor:
        with torch.no_grad():
            target = self.h(x)
        found = self.h(x_r)
        apart = (promote_to_float32(found[layer]) - target[layer] for layer in found)
        features = sum((each.abs().mean() for each in apart), x.new_zeros(()))
        return self.error(x, x_r) + self.weight * features
