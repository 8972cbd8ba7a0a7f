"""Where training starts: the networks of another method that was trained before."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..method import Encodes, Method, require
from ..methods.asl import BaseASL, CodeDensityMethod
from ..methods.asl_baselines import TwoStageVAE
from ..methods.mi_encoder import InformativeEncoder
from ..methods.vae import VAE
from ..networks.densities import GMM, initialize_mixture
from ..networks.distributions import Conditional, Regression
from ..rng import get_device


def initialize_from_source(method: Method, *, source: Method, x: Tensor, batch: int = 256) -> None:
    """Take a source's encoder, and its generator as an excellent initial value (section 3.2).

    A two-stage VAE takes the decoder with its scale, and keeps it. A Gaussian mixture starts where
    expectation maximisation on codes of x ends.

    Args:
        method: What starts.
        source: What was trained before.
        x: Rows (n, *event) of which codes are drawn.
        batch: Rows that are encoded at a time.
    """
    assert isinstance(method, TwoStageVAE | BaseASL)
    encoder, generator = _get_encoder_and_generator(source)
    method.q_u.load_state_dict(encoder.state_dict())
    if isinstance(method, TwoStageVAE):
        assert isinstance(source, VAE)
        method.p_x.load_state_dict(source.p_x.state_dict())
    elif isinstance(method.p_x, Regression):
        method.p_x.g.load_state_dict(generator.state_dict())
    elif isinstance(source, VAE):  # of the same likelihood; other encoders have no such decoder
        method.p_x.load_state_dict(source.p_x.state_dict())
    if isinstance(method.p_u, GMM):
        with torch.no_grad():
            initialize_mixture(method.p_u, sample_codes(method, x, batch))


def combine_parts(
    method: Method, *, vae: VAE, density: CodeDensityMethod | None, asl: BaseASL | None, x: Tensor
) -> None:
    """Take a VAE's encoder, a density of its codes and one of two generators, all trained before.

    Args:
        method: A two-stage VAE, or a VAE, whose density is N(0, I).
        vae: The VAE, with its decoder's scale.
        density: What has the density; None for a mixture, which starts as `initialize_from_source`.
        asl: What has the generator, after its regression; None for the VAE's own.
        x: Rows (n, *event) of which codes are drawn for a mixture.
    """
    if isinstance(method, VAE):
        method.q_z.load_state_dict(vae.q_z.state_dict())
        method.p_x.load_state_dict(vae.p_x.state_dict())
    else:
        initialize_from_source(method, source=vae, x=x)
        if density is not None:
            assert isinstance(method, TwoStageVAE)
            method.p_u.load_state_dict(density.p_u.state_dict())
    if asl is not None:
        assert isinstance(method, VAE | TwoStageVAE)
        assert isinstance(method.p_x, Conditional)
        assert isinstance(asl.p_x, Regression)
        method.p_x.network.load_state_dict(asl.p_x.g.state_dict())


def _get_encoder_and_generator(source: Method) -> tuple[nn.Module, nn.Module]:
    """Networks of q(u|x) and g(u)."""
    match source:
        case VAE():
            return source.q_z, source.p_x.network
        case InformativeEncoder():
            return source.q_u, source.g
        case BaseASL():
            p_x = source.p_x
            return source.q_u, p_x.g if isinstance(p_x, Regression) else p_x.network
        case _:
            raise TypeError(f"{type(source).__name__} has no encoder to start from.")


@torch.no_grad()
def sample_codes(method: Method, x: Tensor, batch: int = 256) -> Tensor:
    """One code u ~ q(u|x) of each row: x (n, *event) -> (n, r) on the CPU."""
    device, encoder = get_device(method), require(method, Encodes)
    return torch.cat([encoder.encode(part.to(device)).sample().cpu() for part in x.split(batch)])
