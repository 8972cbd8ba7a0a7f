"""Generative adversarial networks, with and without denoising feature matching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import unknown
from ..method import Method
from ..methods.dfm import DenoisingGAN, corruption
from ..methods.gan import GAN, Adversarial, means_apart, means_apart_l1
from ..methods.historical_averaging import HistoricalAveraging
from ..networks.distributions import UniformCube
from ..networks.gan import NETWORKS, Kind
from ..networks.mlp import MLP


def gan(*, history: float = 0.0, **arguments: Any) -> Method:
    """A GAN, feature matching in its place, or both; other arguments as in `game`.

    Args:
        history: Weight of historical averaging, which generator and discriminator pay.
        arguments: See `game`.
    """
    return averaging(GAN(**game(**arguments)), history)


def denoising_gan(
    *,
    denoiser: Sequence[int],
    denoising: float = 0.03,
    noise: float = 1.0,
    annealed: int = 0,
    history: float = 0.0,
    **arguments: Any,
) -> Method:
    """A GAN with denoising feature matching; other arguments as in `game`.

    Args:
        denoiser: Widths of the hidden layers of r, in the paper all the same.
        denoising: n_h times the paper's lambda_denoise.
        noise: sigma, standard deviation of what corrupts features.
        annealed: Rounds over which sigma falls to 0; 0 keeps it.
        history: As in `gan`.
        arguments: See `game`.
    """
    made = game(**arguments)
    n_h = made["networks"].d.in_features
    r = MLP([n_h], denoiser, n_h, batch_norm=True)
    sigma = partial(corruption, sigma=noise, annealed=annealed)
    return averaging(DenoisingGAN(r=r, denoising=denoising, sigma=sigma, **made), history)


def game(
    *,
    kind: Kind,
    sizes: Mapping[str, Any],
    adversarial: float = 1.0,
    matching: float = 0.0,
    l1: bool = False,
) -> dict[str, Any]:
    """What all GANs share.

    Args:
        kind: Of the networks: convolutional (images in [-1, 1]) or perceptrons (vectors).
        sizes: Of the networks, as in `networks.gan`.
        adversarial: Weight of -log D(G(z)) in the generator's loss.
        matching: Weight of the gap between mean features in it.
        l1: That gap is the mean absolute difference rather than the sum of squares.
    """
    if kind not in NETWORKS:
        raise unknown("kind of networks", kind, NETWORKS)
    networks = NETWORKS[kind](**sizes)
    return {
        "p_z": UniformCube(networks.z),
        "networks": networks,
        "gap": means_apart_l1 if l1 else means_apart,
        "adversarial": adversarial,
        "matching": matching,
    }


def averaging(game: Adversarial, weight: float) -> Adversarial | HistoricalAveraging:
    """The game, with historical averaging where it has a weight."""
    of = ("discriminator", "generator")
    return HistoricalAveraging(game, weight=weight, of=of) if weight else game
