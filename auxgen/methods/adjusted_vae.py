"""The encoder of a VAE, adapted to a decoder held fixed (Lamb et al., 2016, the authors' code)."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.distributions import kl_divergence

from ..method import Method, Moves, descend
from ..networks.batch_norm import recalibrate_batch_norm
from .vae import BaseVAE


@final
class AdjustedVAE(BaseVAE):
    """p(z) p(x|z)  held fixed, with  q(z|x).

    A decoder's batch norm has statistics of codes from q(z|x); samples are of codes from p(z).
    Behind the paper's figures they were estimated afresh under p(z), and the encoder trained on.
    """

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"encoder": (self.q_z,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """The negative bound: batch (b, *event)."""
        x = batch
        q_z = self.q_z(x)
        distortion = -self.p_x(q_z.rsample()).log_prob(x).mean()
        rate = kl_divergence(q_z, self.p_z()).mean()
        yield from descend(distortion + rate, "encoder", distortion=distortion, rate=rate)

    def recalibrate_decoder(self, batches: int, rows: int = 500) -> None:
        """Statistics of the decoder's batch norm become those of codes drawn from p(z)."""
        self.p_x.train()
        recalibrate_batch_norm(self.p_x, lambda _: self.p_x(self.p_z().sample((rows,))), batches)
        self.p_x.eval()


def initialize_adjusted_vae(method: Method, *, source: Method, batches: int = 30) -> None:
    """The networks of a VAE, its decoder's batch norm with statistics of codes of the prior.

    Args:
        method: An AdjustedVAE of the same networks, which is changed.
        source: The VAE.
        batches: Of 500 codes.
    """
    assert isinstance(method, AdjustedVAE)
    assert isinstance(source, BaseVAE)
    method.q_z.load_state_dict(source.q_z.state_dict())
    method.p_x.load_state_dict(source.p_x.state_dict())
    method.recalibrate_decoder(batches)
