"""Generative adversarial networks, with and without denoising feature matching."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, get_args

from ..errors import unknown_name
from ..method import Method
from ..methods.dfm import (
    DenoisingGAN,
    noise_std,
    restore_by_batch,
    restore_by_running_statistics,
)
from ..methods.gan import GAN, BaseGAN, feature_matching_loss, feature_matching_loss_l1
from ..methods.historical_averaging import HistoricalAveraging
from ..networks.gan import NETWORKS, NetworkKind
from ..networks.mlp import MLP
from ..networks.priors import UniformCube
from .likelihoods import Sizes

DenoiserNorm = Literal["batch", "running", "none"]


def gan(*, history: float = 0.0, **arguments: Any) -> Method:
    """A GAN, feature matching in its place, or both; other arguments as in `_make_game`.

    Args:
        history: Weight of historical averaging, a penalty of generator and discriminator.
    """
    return _add_historical_averaging(GAN(**_make_game(**arguments)), history)


def denoising_gan(
    *,
    denoiser: Sequence[int],
    denoising: float = 0.03,
    noise: float = 1.0,
    annealed: int = 0,
    norm: DenoiserNorm = "batch",
    history: float = 0.0,
    **arguments: Any,
) -> Method:
    """A GAN with denoising feature matching; other arguments as in `_make_game`.

    Args:
        denoiser: Widths of the hidden layers of r, all equal in the paper.
        denoising: n_h times the paper's lambda_denoise.
        noise: Standard deviation sigma of the noise on features.
        annealed: Rounds over which sigma falls to 0; 0 keeps it constant.
        norm: How r is normalised at generated features: by their own batch, as in the paper; by
            the running statistics of noisy real features; or nowhere, an r without batch norm.
        history: See `gan`.
    """
    game = _make_game(**arguments)
    n_h = game["networks"].d.in_features
    if norm not in get_args(DenoiserNorm):
        raise unknown_name("norm of the denoiser", norm, get_args(DenoiserNorm))
    r = MLP([n_h], denoiser, n_h, batch_norm=norm != "none")
    sigma = partial(noise_std, sigma=noise, annealed=annealed)
    restore = restore_by_running_statistics if norm == "running" else restore_by_batch
    denoising_game = DenoisingGAN(r=r, denoising=denoising, sigma=sigma, restore=restore, **game)
    return _add_historical_averaging(denoising_game, history)


def _make_game(
    *,
    kind: NetworkKind,
    sizes: Sizes,
    adversarial: float = 1.0,
    matching: float = 0.0,
    l1: bool = False,
) -> dict[str, Any]:
    """The common parts of all GANs."""
    if kind not in NETWORKS:
        raise unknown_name("kind of networks", kind, NETWORKS)
    networks = NETWORKS[kind](**sizes)
    return {
        "p_z": UniformCube(networks.z),
        "networks": networks,
        "gap": feature_matching_loss_l1 if l1 else feature_matching_loss,
        "adversarial": adversarial,
        "matching": matching,
    }


def _add_historical_averaging(game: BaseGAN, weight: float) -> BaseGAN | HistoricalAveraging:
    """The game, with historical averaging where it has a weight."""
    if not weight:
        return game
    players = ("discriminator", "generator")
    return HistoricalAveraging(game, weight=weight, penalised_players=players)
