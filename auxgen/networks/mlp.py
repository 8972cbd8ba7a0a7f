"""Multilayer perceptrons of one or several inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor, nn


class MLP(nn.Module):
    """Hidden layers and a linear head; several inputs are summed in the first layer.

    One linear map per input, then a sum: the same as concatenation and one map, but an input is
    mapped once for all that it broadcasts against. An enumerated label (k, k) beside x (b, 1, d)
    gives (b, k, out) with W_x x computed b times, not b k times.

    inputs (..., d_i), broadcastable -> (..., out). An input whose width is None is ignored.
    """

    def __init__(
        self,
        inputs: Sequence[int | None],
        hidden: Sequence[int],
        out: int,
        *,
        activation: Callable[[], nn.Module] = nn.ReLU,
        batch_norm: bool = False,
    ) -> None:
        """Weights start as torch's Linear has them, uniform in +-1/sqrt(fan-in) of each map.

        Args:
            inputs: Width of each input.
            hidden: Width of each hidden layer; at least one.
            out: Width of the output.
            activation: Makes a nonlinearity.
            batch_norm: Normalise before each nonlinearity.
        """
        super().__init__()
        first = [i for i, width in enumerate(inputs) if width is not None]
        self.maps = nn.ModuleList(
            nn.Identity() if width is None else nn.Linear(width, hidden[0], bias=i == first[0])
            for i, width in enumerate(inputs)
        )
        layers: list[nn.Module] = [*self._make_activation(hidden[0], activation, batch_norm)]
        for width, following in pairwise(hidden):
            layers += [
                nn.Linear(width, following),
                *self._make_activation(following, activation, batch_norm),
            ]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(hidden[-1], out)

    @staticmethod
    def _make_activation(
        width: int, activation: Callable[[], nn.Module], norm: bool
    ) -> list[nn.Module]:
        return [BatchNorm(width), activation()] if norm else [activation()]

    def forward(self, *inputs: Tensor | None) -> Tensor:
        mapped = [m(i) for m, i in zip(self.maps, inputs, strict=True) if isinstance(m, nn.Linear)]
        total = mapped[0]
        for more in mapped[1:]:
            total = total + more
        return self.head(self.layers(total))


class BatchNorm(nn.BatchNorm1d):
    """Batch norm of vectors; all dimensions but the last, a class axis too, count as the batch."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.flatten(0, -2)).view_as(input)
