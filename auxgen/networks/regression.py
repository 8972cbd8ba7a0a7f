"""A regression that knows how far off it is, so that it is a density."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.distributions import Independent

from ..functional.precision import promote_to_float32
from .distributions import normal


@final
class Regression(nn.Module):
    """x = g(u) + e, e ~ N(0, diag s^2): s^2 are second moments of the residuals (section 2.3).

    They are running statistics like batch norm's, re-estimated with the moving average of g.
    """

    def __init__(self, g: nn.Module, entries: int, *, floor: float = 1e-3) -> None:
        """g: u (b, r) -> (b, *event), of so many entries; floor: of s, for a constant pixel."""
        super().__init__()
        self.g, self.floor = g, floor
        self.moments = nn.BatchNorm1d(entries, affine=False)

    def track_residual(self, x: Tensor, u: Tensor) -> Tensor:
        """x - g(u), whose moments are taken in."""
        residual = x - self.g(u)
        self.moments(residual.detach().flatten(1))
        return residual

    def forward(self, u: Tensor) -> Independent:
        """p(x|u): u (b, r) -> batch (b,)."""
        mean: Tensor = self.g(u)
        mean = promote_to_float32(mean)
        return normal(mean, self.s().view(mean.shape[1:]).expand_as(mean), mean.ndim - 1)

    def s(self) -> Tensor:
        """Standard deviations of the residuals: -> (entries,)."""
        mean, variance = self.moments.running_mean, self.moments.running_var
        assert mean is not None
        assert variance is not None
        return (variance + mean.square()).sqrt().clamp(min=self.floor)
