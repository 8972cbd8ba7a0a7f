"""Multilayer perceptrons, their initial weights, and parameters in a network's place."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf

import torch
from torch import Tensor, nn

from .batch_norm import BatchNorm
from .pairs import Repeated


class MLP(nn.Module):
    """Hidden layers and a linear head; several inputs are summed in the first layer.

    A sum of one linear map per input equals one map of their concatenation, but an input is mapped
    once for all entries to which it broadcasts: an enumerated label (k, k) beside x (b, 1, d) gives
    (b, k, out) with W_x x computed b times, not b k times; so it is with `Repeated` rows.

    inputs (..., d_i), broadcastable -> (..., out). An input whose width is None is ignored, and an
    entry that is NaN, which is unknown, adds nothing.
    """

    def __init__(
        self,
        inputs: Sequence[int | None],
        hidden: Sequence[int],
        out: int,
        *,
        batch_norm: bool = False,
    ) -> None:
        """Weights start as in torch's Linear, uniform in +-1/sqrt(fan-in) of each map.

        Args:
            inputs: Width of each input; None for an input to ignore.
            hidden: Width of each hidden layer; at least one.
            out: Width of the output.
            batch_norm: Whether there is batch norm before each ReLU.
        """
        super().__init__()
        first = [i for i, width in enumerate(inputs) if width is not None]
        self.maps = nn.ModuleList(
            nn.Identity() if width is None else nn.Linear(width, hidden[0], bias=i == first[0])
            for i, width in enumerate(inputs)
        )
        layers = self._make_activation(hidden[0], batch_norm)
        for width, following in pairwise(hidden):
            layers += [nn.Linear(width, following), *self._make_activation(following, batch_norm)]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(hidden[-1], out)

    @staticmethod
    def _make_activation(width: int, norm: bool) -> list[nn.Module]:
        return [BatchNorm(width), nn.ReLU()] if norm else [nn.ReLU()]

    def forward(self, *inputs: Tensor | Repeated | None) -> Tensor:
        mapped = [
            _map_rows(m, i)
            for m, i in zip(self.maps, inputs, strict=True)
            if isinstance(m, nn.Linear) and i is not None
        ]
        return self.head(self.layers(sum(mapped[1:], mapped[0])))


def _map_rows(linear: nn.Linear, rows: Tensor | Repeated) -> Tensor:
    """The linear map of rows; of those that stand several times, once."""
    if isinstance(rows, Repeated):
        return rows.map(lambda each: linear(replace_unknown(each)))
    return linear(replace_unknown(rows))


def replace_unknown(x: Tensor) -> Tensor:
    """Entries that are NaN as 0, the mean of rows that are standardised: same shape.

    Rows have such entries; codes, which have a gradient, have none.
    """
    return x if x.requires_grad else torch.nan_to_num(x, 0.0, inf, -inf)


def initialize_he_hidden(network: MLP) -> MLP:
    """Make hidden layers keep the scale of their input (He et al., 2015), with biases of 0."""
    for layer in (*network.maps, *network.layers):
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network


@torch.no_grad()
def initialize_mean_spread(network: MLP, inputs: Tensor, *, std: float, log_std: float) -> MLP:
    """Make a head of (mean, log std) whose means have mean 0 and spread `std` over inputs (n, d).

    The network has one input and changes in place; log standard deviations are near `log_std`.
    """
    out = network(inputs)
    d = out.shape[-1] // 2
    scale = std / out[:, :d].std(0)
    network.head.weight[:d] *= scale.unsqueeze(1)
    network.head.bias[:d] = scale * (network.head.bias[:d] - out[:, :d].mean(0))
    return _initialize_log_stds(network, d, log_std)


@torch.no_grad()
def initialize_near_deterministic(network: MLP, *, log_std: float, spread: float = 3.0) -> MLP:
    """Make a head of (mean, log std) nearly deterministic at the start; changes it in place.

    Log standard deviations are near `log_std`; weights of the means grow by the factor `spread`.
    """
    d = len(network.head.weight) // 2
    network.head.weight[:d] *= spread
    return _initialize_log_stds(network, d, log_std)


def _initialize_log_stds(network: MLP, d: int, log_std: float) -> MLP:
    """Make a head of (d means, d log stds) with log stds near one number for all inputs."""
    network.head.weight[d:] *= 0.1
    network.head.bias[d:] = log_std
    return network


class FreeParameters(nn.Module):
    """The same learned numbers for all inputs: (..., d) -> (..., width); (width,) without inputs.

    With them a conditional has a network's place and depends on nothing, such as a free q(a).
    """

    def __init__(self, start: Tensor) -> None:
        """start: The numbers before training, (width,)."""
        super().__init__()
        self.values = nn.Parameter(start)

    def forward(self, *given: Tensor | Repeated | None) -> Tensor:
        return _broadcast_values(self.values, given)


class Zeros(nn.Module):
    """Zeros for all inputs, (..., d) -> (..., width), with which a normal is N(0, I)."""

    zeros: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("zeros", torch.zeros(width), persistent=False)

    def forward(self, *given: Tensor | Repeated | None) -> Tensor:
        return _broadcast_values(self.zeros, given)


def _broadcast_values(values: Tensor, given: Sequence[Tensor | Repeated | None]) -> Tensor:
    """values (width,) for each entry of the batch to which the inputs (..., d) broadcast."""
    shapes = [g.shape[:-1] for g in given if g is not None]
    return values.expand(*torch.broadcast_shapes(*shapes), -1)
