"""Batch norm of vectors, whose rows may count by weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..functional.precision import promote_to_float32


class BatchNorm(nn.BatchNorm1d):
    """Batch norm of vectors; all dimensions but the last, a class axis too, count as the batch."""

    row_weights: Tensor | None = None
    """What rows count in the statistics, broadcastable to all dimensions but the last."""

    def forward(self, input: Tensor) -> Tensor:
        rows = input.flatten(0, -2)
        if self.row_weights is None or not self.training:
            return super().forward(rows).view_as(input)
        weights = self.row_weights.expand(input.shape[:-1]).flatten()
        return self._normalize(rows, weights / weights.sum()).view_as(input)

    def _normalize(self, rows: Tensor, weights: Tensor) -> Tensor:
        """Rows (n, d) by their weighted mean and variance; weights (n,) that sum to 1."""
        if len(rows) == 1:
            raise ValueError("Expected more than 1 value per channel when training")  # as torch
        with torch.autocast(rows.device.type, enabled=False):
            out, mean, variance = _WeightedNorm.apply(
                promote_to_float32(rows), weights, self.weight, self.bias, self.eps
            )
        if self.track_running_stats:
            self._track(mean, variance, weights.detach())
        return out.to(rows.dtype)

    def _track(self, mean: Tensor, variance: Tensor, weights: Tensor) -> None:
        """Move running statistics as torch does; of equal weights the factor is n / (n - 1)."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        momentum: float | Tensor = 1 / self.num_batches_tracked  # a mean over all batches
        if self.momentum is not None:
            momentum = self.momentum
        factor = 1 / (1 - weights.square().sum()).clamp(min=1e-6)
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * factor, momentum)


@final
class _WeightedNorm(torch.autograd.Function):
    """gamma (h - mean) / sqrt(variance + eps) + beta, mean and variance of weighted rows.

    Autograd alone takes twice the time of this. Gradients with respect to the weights are of
    mean = sum_i w_i h_i and variance = sum_i w_i (h_i - mean)^2, where sum_i w_i = 1.
    """

    @staticmethod
    def forward(
        ctx: Any, h: Tensor, weights: Tensor, gamma: Tensor, beta: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean = weights @ h
        centred = h - mean
        variance = weights @ centred.square()
        inverse = (variance + eps).rsqrt()
        ctx.save_for_backward(centred, weights, gamma, inverse, mean)
        ctx.mark_non_differentiable(mean, variance)
        return torch.addcmul(beta, centred, gamma * inverse), mean, variance

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        gradient, *_ = gradients  # the mean and the variance that come out have none
        centred, weights, gamma, inverse, mean = ctx.saved_tensors
        products, scale = gradient * centred, gamma * inverse
        of_beta, along = gradient.sum(0), products.sum(0)
        by_mean, by_variance = scale * of_beta, scale * inverse.square() * along
        # the gradient of the mean is -by_mean, that of the variance -by_variance / 2
        shared = torch.addcmul(by_mean, centred, by_variance, out=products)
        of_h = (gradient * scale).addcmul_(shared, weights.unsqueeze(1), value=-1)
        halves = centred @ by_mean + shared.mul_(centred).sum(1)
        of_weights = -(mean @ by_mean + halves / 2)
        return of_h, of_weights, along * inverse, of_beta, None


@contextmanager
def weigh_rows(networks: nn.Module, weights: Tensor) -> Iterator[None]:
    """Inside, rows count by weights (n,) in the statistics of `BatchNorm` in training.

    The gradient of what follows goes through the weights as well.
    """
    layers = [layer for layer in networks.modules() if isinstance(layer, BatchNorm)]
    for layer in layers:
        layer.row_weights = weights
    try:
        yield
    finally:
        for layer in layers:
            layer.row_weights = None
