"""The auxiliary variational autoencoder (Maaloe et al., ICML 2016, arXiv:1602.05473)."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..functional.schedules import Schedule
from ..method import Moves, descend
from ..networks.distributions import Conditional
from ..networks.priors import StandardNormal
from .iwae import HierarchicalVAE


@final
class AVAE(HierarchicalVAE):
    """L stochastic layers, each with an auxiliary variable (eq. 19, 20).

    p(z_L) p(a_L|z_L,[x]) prod_{i<L} p(z_i|z_{i+1}) p(a_i|z_i..z_L,[x]) p(x|z_1)  with
    q(a_1|x) q(z_1|a_1,x) prod_{i>1} q(a_i|a_{i-1},x) q(z_i|a_i,z_{i-1}).

    p_a decides whether a sees x, as in eq. 2; a is a leaf, which sampling x need not draw. The
    bound on log p(x) is eq. 2. Shapes within: a_i, z_i (k, b, .).
    """

    def __init__(
        self,
        *,
        q_a: Sequence[Conditional],
        q_z: Sequence[Conditional],
        p_z: Sequence[Conditional],
        p_top: StandardNormal,
        p_a: Sequence[Conditional],
        p_x: Conditional,
        warm_up: Schedule,
    ) -> None:
        """Takes the networks, layers from x upwards.

        Args:
            q_a: q(a_1|x), and q(a_i|a_{i-1},x) of both inputs.
            q_z: q(z_i|a_i,z_{i-1}), where z_0 is x.
            p_z: p(z_1|z_2), ..., p(z_{L-1}|z_L).
            p_top: p(z_L).
            p_a: p(a_i|.) of x, z_i, ..., z_L.
            p_x: p(x|z_1).
            warm_up: Weight of the log-ratios by the step.
        """
        super().__init__()
        self.q_a, self.q_z = nn.ModuleList(q_a), nn.ModuleList(q_z)
        self.p_z, self.p_a = nn.ModuleList(p_z), nn.ModuleList(p_a)
        self.p_top, self.p_x, self.warm_up = p_top, p_x, warm_up

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """U_AVAE, eq. 2, with one draw and a warm-up of the log-ratios of z and a: batch (b, d)."""
        each = self.compute_bound_terms(batch, 1)
        log_p_x, log_ratio_z, log_ratio_a = (term.mean() for term in each)
        loss = -log_p_x - self.warm_up(step) * (log_ratio_z + log_ratio_a)
        terms = {"distortion": -log_p_x, "rate_z": -log_ratio_z, "rate_a": -log_ratio_a}
        yield from descend(loss, "vae", **terms)

    def sample_posterior(
        self, x: Tensor, k: int
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """k draws of a and z from q, layer by layer, and log q of each layer's a and z.

        x (b, d) -> a_i and z_i (k, b, .), log q(a_i|.) and log q(z_i|.) stacked (2, k, b).
        """
        a, z, log_q, size = [], [], [], (k,)
        into_a, into_z = (x,), x
        for of_a, of_z in zip(self.q_a, self.q_z, strict=True):
            q_a = of_a(*into_a)
            a.append(q_a.rsample(size))
            q_z = of_z(a[-1], into_z)
            z.append(q_z.rsample())
            log_q.append(torch.stack((q_a.log_prob(a[-1]), q_z.log_prob(z[-1]))))
            into_a, into_z, size = (a[-1], x), z[-1], ()
        return a, z, log_q

    def draw_codes(self, x: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
        """z_1, and log p / q of all z and of all a: x (b, d) -> (k, b, d_1), (k, b), (k, b)."""
        a, z, log_q = self.sample_posterior(x, k)
        log_q_a, log_q_z = torch.stack(log_q).sum(0)
        log_p_z = self.p_top().log_prob(z[-1])
        for below, above, p_z in zip(z, z[1:], self.p_z, strict=False):
            log_p_z = log_p_z + p_z(above).log_prob(below)
        each = [p_a(x, *z[i:]).log_prob(a[i]) for i, p_a in enumerate(self.p_a)]
        log_p_a = torch.stack(each).sum(0)
        return z[0], log_p_z - log_q_z, log_p_a - log_q_a

    def encode(self, x: Tensor) -> Distribution:
        """q(z_1|a_1,x) at the mean of q(a_1|x): x (b, d) -> batch (b,)."""
        return self.q_z[0](self.q_a[0](x).mean, x)
