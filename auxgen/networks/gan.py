"""Generators G and the features Phi of discriminators (Radford et al., 2016, arXiv:1511.06434).

Widths and kernels are those of their 32 x 32 ImageNet code, as Warde-Farley & Bengio (2017) use it:
two convolutions of 3 x 3 at every resolution, one of which halves or doubles height and width.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.parametrize import register_parametrization

from ..errors import InputError, require_at_least
from ..functional.precision import promote_to_float32

NetworkKind = Literal["convolutional", "perceptrons"]


@dataclass(frozen=True, eq=False)
class GANNetworks:
    """The networks of a game, with D(x) = d(Phi(x)).

    Attributes:
        g: z (n, z) -> x (n, *event).
        phi: x (n, *event) -> (n, n_h) >= 0, the penultimate activations of D.
        d: (n, n_h) -> logits (n, 1).
        z: Width of the noise.
    """

    g: nn.Module
    phi: nn.Module
    d: nn.Linear
    z: int


def make_convolutional_networks(
    *,
    channels: int,
    size: int,
    z: int,
    g: Sequence[int],
    phi: Sequence[int],
    spectral_norm: bool = False,
) -> GANNetworks:
    """Networks of square images in [-1, 1], and of noise of width z.

    Args:
        g: Channels of the generator's maps, from small maps to large.
        phi: Channels of the discriminator's maps, from large maps to small.
        spectral_norm: Whether D has spectral norm in place of batch norm, which would undo it.

    Raises:
        InputError: The size cannot be halved that many times.
    """
    require_at_least(1, channels=channels, z=z, g=min(g, default=1), phi=min(phi, default=1))
    networks = GANNetworks(
        g=_make_dcgan_generator(channels, _compute_base_size(size, len(g)), z, g),
        phi=_make_dcgan_features(channels, phi, _leave_out_norm if spectral_norm else _add_norm),
        d=nn.Linear(phi[-1] * _compute_base_size(size, len(phi)) ** 2, 1),
        z=z,
    )
    for network in (networks.g, networks.phi, networks.d):
        _initialize_dcgan(network)
    return _add_spectral_norm(networks) if spectral_norm else networks


def _compute_base_size(size: int, halvings: int) -> int:
    """Height and width of the smallest maps."""
    if halvings < 1 or size < 2**halvings or size % 2**halvings:
        raise InputError(
            f"The images have {size} x {size} pixels and there are {halvings} widths; "
            f"a multiple of {2**halvings} is expected, and one width or more."
        )
    return size // 2**halvings


@final
class TanhGenerator(nn.Module):
    """tanh of layers of z (n, d), in float32 whatever the layers' precision."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, z: Tensor) -> Tensor:
        return promote_to_float32(self.layers(z)).tanh()


def _make_dcgan_generator(channels: int, base: int, z: int, widths: Sequence[int]) -> TanhGenerator:
    """A linear layer to the smallest maps; at each width a doubling and another convolution."""
    first = widths[0] * base**2
    linear, unflatten = nn.Linear(z, first, bias=False), nn.Unflatten(1, (widths[0], base, base))
    layers: list[nn.Module] = [linear, nn.BatchNorm1d(first), nn.ReLU(), unflatten]
    for width, following in pairwise(widths):
        layers += _make_doubling_layers(width)
        layers += _add_norm(_make_same_size_convolution(width, following), nn.ReLU())
    layers += _make_doubling_layers(widths[-1])
    layers.append(_make_same_size_convolution(widths[-1], channels, bias=True))
    return TanhGenerator(nn.Sequential(*layers))


AddNorm = Callable[[nn.Conv2d | nn.ConvTranspose2d, nn.Module], list[nn.Module]]
"""(convolution without bias, activation) -> both, with what stands between them."""


def _make_dcgan_features(channels: int, widths: Sequence[int], add_norm: AddNorm) -> nn.Sequential:
    """At each width one convolution that keeps height and width and one that halves them.

    The first has no batch norm, and after the last is a ReLU rather than a leaky one: with it "our
    best results were obtained" (Warde-Farley & Bengio, section 5).
    """
    first = _make_same_size_convolution(channels, widths[0], bias=True)
    layers: list[nn.Module] = [first, nn.LeakyReLU(0.2)]
    for width, following in pairwise(widths):
        layers += add_norm(_make_halving_convolution(width), nn.LeakyReLU(0.2))
        layers += add_norm(_make_same_size_convolution(width, following), nn.LeakyReLU(0.2))
    layers += add_norm(_make_halving_convolution(widths[-1]), nn.ReLU())
    return nn.Sequential(*layers, nn.Flatten())


def _make_same_size_convolution(width: int, out: int, *, bias: bool = False) -> nn.Conv2d:
    """A convolution that keeps height and width."""
    return nn.Conv2d(width, out, 3, padding=1, bias=bias)


def _make_halving_convolution(width: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False)


def _make_doubling_layers(width: int) -> list[nn.Module]:
    """Layers that double height and width."""
    grown = nn.ConvTranspose2d(width, width, 3, stride=2, padding=1, output_padding=1, bias=False)
    return _add_norm(grown, nn.ReLU())


def _add_norm(
    convolution: nn.Conv2d | nn.ConvTranspose2d, activation: nn.Module
) -> list[nn.Module]:
    """A convolution, batch norm, which makes a bias needless, and an activation."""
    return [convolution, nn.BatchNorm2d(convolution.out_channels), activation]


def _leave_out_norm(
    convolution: nn.Conv2d | nn.ConvTranspose2d, activation: nn.Module
) -> list[nn.Module]:
    """A convolution, which gets a bias for want of batch norm, and an activation."""
    convolution.bias = nn.Parameter(torch.zeros(convolution.out_channels))
    return [convolution, activation]


@final
class SpectralNorm(_SpectralNorm):
    """torch's spectral norm (Miyato et al., 2018, arXiv:1802.05957), in full precision."""

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            return super().forward(weight)


def _add_spectral_norm(networks: GANNetworks) -> GANNetworks:
    """Divide each weight of D by its largest singular value, by one power iteration a pass.

    torch keeps the singular vectors as buffers. A convolution's weight is the matrix of its output
    channels by all else.
    """
    for layer in (*networks.phi.modules(), networks.d):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            register_parametrization(layer, "weight", SpectralNorm(layer.weight))
    return networks


@torch.no_grad()
def _initialize_dcgan(network: nn.Module) -> None:
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


def make_perceptron_networks(
    *, x: int, z: int, hidden: Sequence[int], spectral_norm: bool = False
) -> GANNetworks:
    """Networks of vectors with the same hidden layers, the last of width n_h; no batch norm.

    D may have spectral norm.
    """
    networks = GANNetworks(
        g=nn.Sequential(*_make_hidden_layers([z, *hidden]), nn.Linear(hidden[-1], x)),
        phi=nn.Sequential(*_make_hidden_layers([x, *hidden])),
        d=nn.Linear(hidden[-1], 1),
        z=z,
    )
    return _add_spectral_norm(networks) if spectral_norm else networks


def _make_hidden_layers(widths: Sequence[int]) -> list[nn.Module]:
    return [m for width, out in pairwise(widths) for m in (nn.Linear(width, out), nn.ReLU())]


NETWORKS: Mapping[str, Callable[..., GANNetworks]] = MappingProxyType(
    {"convolutional": make_convolutional_networks, "perceptrons": make_perceptron_networks}
)
