"""The variational autoencoder (Kingma & Welling, ICLR 2014, arXiv:1312.6114)."""

from abc import ABC
from typing import final

from torch import Tensor, nn
from torch.distributions import Distribution, kl_divergence

from ..functional.schedules import Schedule
from ..method import Method, Moves, descend
from ..networks.distributions import Conditional
from ..networks.priors import StandardNormal


class CodedMethod(Method, ABC):
    """p(z) p(x|z)  with  q(z|x), and what they can do without a bound."""

    def __init__(self, *, q_z: Conditional, p_z: StandardNormal, p_x: Conditional) -> None:
        super().__init__()
        self.q_z, self.p_z, self.p_x = q_z, p_z, p_x

    def encode(self, x: Tensor) -> Distribution:
        """q(z|x): (b, *event) -> batch (b,)."""
        return self.q_z(x)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|z), which ignores a label: z (b, d_z) -> batch (b,)."""
        del y
        return self.p_x(z)

    def sample_p_x(self, n: int) -> Distribution:
        """p(x|z) at n draws of z: -> batch (n,)."""
        return self.p_x(self.p_z().sample((n,)))

    def sample(self, n: int) -> Tensor:
        """Means of p(x|z) at n draws of z: -> (n, *event)."""
        return self.sample_p_x(n).mean


class BaseVAE(CodedMethod, ABC):
    """p(z) p(x|z)  with  q(z|x): what all VAEs can do, however they are trained."""

    def compute_bound_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(x|z) at a draw of z, and the KL of q(z|x), nats, means over rows: each ()."""
        q_z = self.q_z(x)
        distortion = -self.p_x(q_z.rsample()).log_prob(x).mean()
        return distortion, kl_divergence(q_z, self.p_z()).mean()

    def elbo(self, x: Tensor) -> Tensor:
        """One-sample bound on log p(x), nats: (b, d) -> (b,)."""
        q_z = self.q_z(x)
        return self.p_x(q_z.rsample()).log_prob(x) - kl_divergence(q_z, self.p_z())

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log p(x,z) / q(z|x) for k draws of z, nats: (b, d) -> (k, b)."""
        return self.weigh_draws(x, k)[0]

    def weigh_draws(self, x: Tensor, k: int) -> tuple[Tensor, Distribution]:
        """log p(x,z) / q(z|x) for k draws of z, and p(x|z): (b, d) -> (k, b), batch (k, b)."""
        q_z = self.q_z(x)
        z = q_z.rsample((k,))
        p_x = self.p_x(z)
        return p_x.log_prob(x) + self.p_z().log_prob(z) - q_z.log_prob(z), p_x


@final
class VAE(BaseVAE):
    """p(z) p(x|z)  with  q(z|x)."""

    def __init__(
        self, *, q_z: Conditional, p_z: StandardNormal, p_x: Conditional, warm_up: Schedule
    ) -> None:
        super().__init__(q_z=q_z, p_z=p_z, p_x=p_x)
        self.warm_up = warm_up

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"vae": (self.q_z, self.p_x)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """The negative bound, eq. 10, with the KL in closed form: batch (b, *event)."""
        distortion, rate = self.compute_bound_terms(batch)
        loss = distortion + self.warm_up(step) * rate
        yield from descend(loss, "vae", distortion=distortion, rate=rate)
