"""Generators G and the features Phi of discriminators (Radford et al., 2016, arXiv:1511.06434).

Widths and kernels are those of their 32 x 32 ImageNet code as Warde-Farley & Bengio (2017) use it:
at every resolution two convolutions of 3 x 3, one of which halves or doubles height and width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, final

import torch
from torch import Tensor, nn

from ..errors import InputError, require_at_least
from ..functional.precision import promote_to_float32

NetworkKind = Literal["convolutional", "perceptrons"]


@dataclass(frozen=True, eq=False)
class GANNetworks:
    """The networks of a game, with D(x) = d(Phi(x)).

    Attributes:
        g: z (n, z) -> x (n, *event).
        phi: x (n, *event) -> (n, n_h), not negative: the penultimate activations of D.
        d: (n, n_h) -> logits (n, 1).
        z: Width of the noise.
    """

    g: nn.Module
    phi: nn.Module
    d: nn.Linear
    z: int


def make_convolutional_networks(
    *, channels: int, size: int, z: int, g: Sequence[int], phi: Sequence[int]
) -> GANNetworks:
    """Networks of square images in [-1, 1].

    Args:
        channels: Of the images.
        size: Their height and width.
        z: Width of the noise.
        g: Channels of the generator's maps, from the smallest maps to the largest.
        phi: Channels of the discriminator's maps, from the largest maps to the smallest.

    Raises:
        InputError: The size cannot be halved so often.
    """
    require_at_least(1, channels=channels, z=z, g=min(g, default=1), phi=min(phi, default=1))
    made = GANNetworks(
        g=_make_dcgan_generator(channels, _compute_base_size(size, len(g)), z, g),
        phi=_make_dcgan_features(channels, phi),
        d=nn.Linear(phi[-1] * _compute_base_size(size, len(phi)) ** 2, 1),
        z=z,
    )
    for network in (made.g, made.phi, made.d):
        _initialize_dcgan(network)
    return made


def _compute_base_size(size: int, halvings: int) -> int:
    """Height and width of the smallest maps."""
    if halvings < 1 or size < 2**halvings or size % 2**halvings:
        raise InputError(
            f"Images of {size} x {size} pixels were got; wanted with {halvings} widths is a "
            f"multiple of {2**halvings}, and a width or more."
        )
    return size // 2**halvings


@final
class TanhGenerator(nn.Module):
    """tanh of what the layers make of z (n, d), in float32 whatever the layers' precision."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, z: Tensor) -> Tensor:
        return promote_to_float32(self.layers(z)).tanh()


def _make_dcgan_generator(channels: int, base: int, z: int, widths: Sequence[int]) -> TanhGenerator:
    """A linear map to the smallest maps; at each width one map doubles and one follows."""
    first = widths[0] * base**2
    layers: list[nn.Module] = [
        nn.Linear(z, first, bias=False),
        nn.BatchNorm1d(first),
        nn.ReLU(),
        nn.Unflatten(1, (widths[0], base, base)),
    ]
    for width, following in pairwise(widths):
        layers += [
            *_make_doubling_layers(width),
            *_make_normalised_convolution(_make_same_size_convolution(width, following), nn.ReLU()),
        ]
    layers += [
        *_make_doubling_layers(widths[-1]),
        _make_same_size_convolution(widths[-1], channels, bias=True),
    ]
    return TanhGenerator(nn.Sequential(*layers))


def _make_dcgan_features(channels: int, widths: Sequence[int]) -> nn.Sequential:
    """At each width one convolution that keeps height and width and one that halves them.

    The first has no batch norm, and after the last is a ReLU rather than a leaky one: of its output
    "our best results were obtained" (Warde-Farley & Bengio, section 5).
    """
    layers: list[nn.Module] = [
        _make_same_size_convolution(channels, widths[0], bias=True),
        nn.LeakyReLU(0.2),
    ]
    for width, following in pairwise(widths):
        layers += _make_normalised_convolution(_make_halving_convolution(width), nn.LeakyReLU(0.2))
        layers += _make_normalised_convolution(
            _make_same_size_convolution(width, following), nn.LeakyReLU(0.2)
        )
    return nn.Sequential(
        *layers,
        *_make_normalised_convolution(_make_halving_convolution(widths[-1]), nn.ReLU()),
        nn.Flatten(),
    )


def _make_same_size_convolution(width: int, out: int, *, bias: bool = False) -> nn.Conv2d:
    """Height and width stay."""
    return nn.Conv2d(width, out, 3, padding=1, bias=bias)


def _make_halving_convolution(width: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False)


def _make_doubling_layers(width: int) -> list[nn.Module]:
    """Height and width are doubled."""
    grown = nn.ConvTranspose2d(width, width, 3, stride=2, padding=1, output_padding=1, bias=False)
    return _make_normalised_convolution(grown, nn.ReLU())


def _make_normalised_convolution(
    convolution: nn.Conv2d | nn.ConvTranspose2d, activation: nn.Module
) -> list[nn.Module]:
    """A convolution, whose bias batch norm would take away, and what follows it."""
    return [convolution, nn.BatchNorm2d(convolution.out_channels), activation]


@torch.no_grad()
def _initialize_dcgan(network: nn.Module) -> nn.Module:
    """Weights from N(0, 0.02^2), scales of batch norm from N(1, 0.02^2), biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return network


def make_perceptron_networks(*, x: int, z: int, hidden: Sequence[int]) -> GANNetworks:
    """Networks of vectors, of the same hidden layers, without batch norm.

    Args:
        x: Width of x.
        z: Width of the noise.
        hidden: Widths of the hidden layers; the last is n_h.
    """
    return GANNetworks(
        g=nn.Sequential(*_make_hidden_layers([z, *hidden]), nn.Linear(hidden[-1], x)),
        phi=nn.Sequential(*_make_hidden_layers([x, *hidden])),
        d=nn.Linear(hidden[-1], 1),
        z=z,
    )


def _make_hidden_layers(widths: Sequence[int]) -> list[nn.Module]:
    pairs = [(nn.Linear(width, out), nn.ReLU()) for width, out in pairwise(widths)]
    return [layer for pair in pairs for layer in pair]


NETWORKS: Mapping[str, Callable[..., GANNetworks]] = MappingProxyType(
    {"convolutional": make_convolutional_networks, "perceptrons": make_perceptron_networks}
)
