"""The importance-weighted autoencoder (Burda et al., ICLR 2016, arXiv:1509.00519)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..functional.bounds import log_mean_exp
from ..functional.schedules import Schedule
from ..method import Method, Moves, descend
from ..networks.distributions import Conditional
from ..networks.priors import StandardNormal


class HierarchicalVAE(Method, ABC):
    """p(z_L) prod_i p(z_i|z_{i+1}) p(x|z_1): what IWAE and AVAE share, whatever their q is."""

    p_top: StandardNormal
    p_z: nn.ModuleList
    p_x: Conditional

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"vae": (self,)}

    @abstractmethod
    def draw_codes(self, x: Tensor, k: int) -> tuple[Tensor, ...]:
        """z_1, and log p / q of what is drawn, k times: x (b, d) -> (k, b, d_1), each (k, b)."""

    def compute_bound_terms(self, x: Tensor, k: int) -> tuple[Tensor, ...]:
        """log p(x|z_1), and log p / q of what is drawn, k times: x (b, d) -> each (k, b)."""
        z, *log_ratios = self.draw_codes(x, k)
        return self.p_x(z).log_prob(x), *log_ratios

    def weigh_draws(self, x: Tensor, k: int) -> tuple[Tensor, Distribution]:
        """log p / q of x and k joint draws of all else, and p(x|z_1): -> (k, b), batch (k, b)."""
        z, *log_ratios = self.draw_codes(x, k)
        p_x = self.p_x(z)
        return torch.stack((p_x.log_prob(x), *log_ratios)).sum(0), p_x

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log p / q of x and k joint draws of all else, nats: (b, d) -> (k, b)."""
        return torch.stack(self.compute_bound_terms(x, k)).sum(0)

    def elbo(self, x: Tensor) -> Tensor:
        """One-sample bound on log p(x), nats: (b, d) -> (b,)."""
        return self.log_weights(x, 1)[0]

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|z_1), which ignores a label: z_1 (b, d_1) -> batch (b,)."""
        del y
        return self.p_x(z)

    def sample_p_x(self, n: int) -> Distribution:
        """p(x|z_1) at n ancestral draws of z: -> batch (n,)."""
        z = self.p_top().sample((n,))
        for p_z in reversed(self.p_z):
            z = p_z(z).sample()
        return self.p_x(z)

    def sample(self, n: int) -> Tensor:
        """Means of p(x|z_1) at n ancestral draws of z: -> (n, d)."""
        return self.sample_p_x(n).mean


@final
class IWAE(HierarchicalVAE):
    """p(z_L) prod_i p(z_i|z_{i+1}) p(x|z_1)  with  q(z_1|x) prod_i q(z_i|z_{i-1}).

    With one weight in training it is a VAE of L stochastic layers. Shapes within: z_i (k, b, d_i).
    """

    def __init__(
        self,
        *,
        q_z: Sequence[Conditional],
        p_z: Sequence[Conditional],
        p_top: StandardNormal,
        p_x: Conditional,
        k: int,
        warm_up: Schedule,
    ) -> None:
        """q_z: L layers upwards; p_z: p(z_1|z_2), ..., p(z_{L-1}|z_L); k: weights in training."""
        super().__init__()
        self.q_z, self.p_z = nn.ModuleList(q_z), nn.ModuleList(p_z)
        self.p_top, self.p_x, self.k, self.warm_up = p_top, p_x, k, warm_up

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """-L_k(x), eq. 8: batch (b, d). Its gradient is that of eq. 13, by autograd."""
        log_p_x, log_ratio = self.compute_bound_terms(batch, self.k)
        loss = -log_mean_exp(log_p_x + self.warm_up(step) * log_ratio).mean()
        yield from descend(loss, "vae", distortion=-log_p_x.mean(), rate=-log_ratio.mean())

    def draw_codes(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """z_1 and log p(z) - log q(z|x) of k draws: (b, d) -> (k, b, d_1), (k, b)."""
        first = self.q_z[0](x)
        z = [first.rsample((k,))]
        log_ratio = -first.log_prob(z[0])
        for i, (q_z, p_z) in enumerate(zip(self.q_z[1:], self.p_z, strict=True)):
            above = q_z(z[i])
            z.append(above.rsample())
            log_ratio = log_ratio + p_z(z[i + 1]).log_prob(z[i]) - above.log_prob(z[i + 1])
        return z[0], log_ratio + self.p_top().log_prob(z[-1])

    def encode(self, x: Tensor) -> Distribution:
        """q(z_1|x): (b, d) -> batch (b,)."""
        return self.q_z[0](x)
