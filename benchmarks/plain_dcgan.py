"""A DCGAN in a loop as one writes it in an afternoon.

A peer for benchmarks: the networks and losses of `auxgen.methods.gan.GAN`, in torch's own layout of
memory, with torch's own Adam, without its moving average, log and checks.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auxgen.networks.gan import GANNetworks


def make_plain_dcgan(networks: GANNetworks, *, bf16: bool = False) -> Callable[[Tensor], None]:
    """What plays a round: a step of the discriminator, then one of the generator."""
    g, d = networks.g, nn.Sequential(networks.phi, networks.d)
    of_g = torch.optim.Adam(g.parameters(), 1e-3)
    of_d = torch.optim.Adam(d.parameters(), 1e-3)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=bf16)

    def play(x: Tensor) -> None:
        with autocast:
            fake = g(2 * torch.rand(len(x), networks.z) - 1)
            loss = F.softplus(-d(x).float()).mean() + F.softplus(d(fake.detach()).float()).mean()
        of_d.zero_grad()
        loss.backward()
        of_d.step()
        with autocast:
            loss = F.softplus(-d(fake).float()).mean()
        of_g.zero_grad()
        loss.backward()
        of_g.step()

    return play
