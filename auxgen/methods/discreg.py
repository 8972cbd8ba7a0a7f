"""Discriminative regularisation of VAEs (Lamb, Dumoulin & Courville, 2016, arXiv:1602.03220)."""

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import kl_divergence

from ..functional.precision import promote_to_float32
from ..method import Method, Moves, descend
from ..networks.distributions import Conditional, FreeScaleNormal
from ..networks.freezing import freeze_running_statistics, recalibrate_batch_norm
from ..networks.priors import StandardNormal
from .vae import BaseVAE


@final
class DiscriminativeVAE(BaseVAE):
    """A VAE whose reconstructions should look like the rows to a classifier d, held fixed.

    p(z) p(x|z) prod_l p(d_l(x)|z)  with  q(z|x); the mean of p(d_l(x)|z) is d_l at that of p(x|z).
    """

    def __init__(
        self,
        *,
        q_z: Conditional,
        p_z: StandardNormal,
        p_x: Conditional,
        d: nn.Module,
        p_d: Mapping[str, FreeScaleNormal],
        weights: Mapping[str, float],
        encoder_grad: bool = True,
        shift: int = 0,
    ) -> None:
        """Maximises L_z + L_x + sum_l weight_l L_dl, eq. 4 with its first sign corrected.

        Args:
            d: Images (b, c, h, w) -> activations (b, ...) by layer; see `networks.taps`.
            p_d: Density of each layer, around d_l of a reconstruction.
            weights: Weight of each layer; 1 in the paper.
            encoder_grad: Whether the encoder learns from the classifier too (section 3).
            shift: Pixels by which a round moves rows and reconstructions before d sees them, at
                most, either way, all alike: so that no place counts less for d's strides.
        """
        super().__init__(q_z=q_z, p_z=p_z, p_x=p_x)
        self.d, self.layers, self.p_d = d, tuple(p_d), nn.ModuleList(p_d.values())
        self.weights, self.encoder_grad, self.shift = dict(weights), encoder_grad, shift

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"vae": (self.q_z, self.p_x, self.p_d)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """Eq. 4, nats, mean over rows: batch (b, c, h, w)."""
        x = batch
        q_z = self.q_z(x)
        z = q_z.rsample()
        p_x = self.p_x(z)
        distortion = -p_x.log_prob(x).mean()
        rate = kl_divergence(q_z, self.p_z()).mean()

        mean = p_x.mean if self.encoder_grad else self.decode_detached(z)
        nll = self.feature_nll(*self.move_alike(x, mean))
        weighted = (self.weights[layer] * n for layer, n in nll.items())
        loss = distortion + rate + sum(weighted, torch.zeros_like(rate))
        terms = {f"unlike at {layer}": n for layer, n in nll.items()}
        yield from descend(loss, "vae", distortion=distortion, rate=rate, **terms)

    def feature_nll(self, x: Tensor, mean: Tensor) -> dict[str, Tensor]:
        """-log p(d_l(x)|z), nats, mean over rows, by layer: x and mean of p(x|z) (b, c, h, w)."""
        with torch.no_grad():
            target = self.extract_activations(x)
        output = self.extract_activations(mean)
        each = zip(self.layers, self.p_d, strict=True)
        return {layer: -p_d(output[layer]).log_prob(target[layer]).mean() for layer, p_d in each}

    def extract_activations(self, x: Tensor) -> dict[str, Tensor]:
        """d_l(x) by layer: (b, c, h, w) -> (b, ...)."""
        return {layer: promote_to_float32(h) for layer, h in self.d(x).items()}

    def move_alike(self, *pictures: Tensor) -> tuple[Tensor, ...]:
        """Pictures (b, c, h, w), all moved by the same random pixels, `shift` at most."""
        if self.shift == 0:
            return pictures
        moves = torch.randint(-self.shift, self.shift + 1, (2,), device=pictures[0].device)
        return tuple(move_pictures(each, moves) for each in pictures)

    def decode_detached(self, z: Tensor) -> Tensor:
        """The decoder's mean at codes without a gradient, so that none reaches the encoder."""
        with freeze_running_statistics(self.p_x):
            return self.p_x(z.detach()).mean


@final
class AdjustedVAE(BaseVAE):
    """The encoder q(z|x) of a VAE, adapted to  p(z) p(x|z)  held fixed, as in the authors' code.

    A decoder's batch norm has statistics of codes from q(z|x); samples are of codes from p(z).
    For the paper's figures they were estimated again under p(z), and the encoder was trained on.
    """

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"encoder": (self.q_z,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """The negative bound: batch (b, *event)."""
        distortion, rate = self.compute_bound_terms(batch)
        yield from descend(distortion + rate, "encoder", distortion=distortion, rate=rate)

    def recalibrate_decoder(self, batches: int, rows: int = 500) -> None:
        """Replace the decoder's batch-norm statistics by those of codes drawn from p(z)."""
        self.p_x.train()
        recalibrate_batch_norm(self.p_x, lambda _: self.p_x(self.p_z().sample((rows,))), batches)
        self.p_x.eval()


def initialize_adjusted_vae(method: Method, *, source: Method, batches: int = 30) -> None:
    """Copy a VAE's networks into an AdjustedVAE, with the decoder's statistics under the prior.

    The statistics are of `batches` batches of 500 codes.
    """
    assert isinstance(method, AdjustedVAE)
    assert isinstance(source, BaseVAE)
    method.q_z.load_state_dict(source.q_z.state_dict())
    method.p_x.load_state_dict(source.p_x.state_dict())
    method.recalibrate_decoder(batches)


def move_pictures(x: Tensor, moves: Tensor) -> Tensor:
    """Pictures moved up and to the left by so many pixels, their last ones repeated at borders.

    x (b, c, h, w), moves (2,) int -> (b, c, h, w).
    """
    for side, move in zip((-2, -1), moves, strict=True):
        length = x.shape[side]
        places = torch.arange(length, device=x.device) + move
        x = x.index_select(side, places.clamp(0, length - 1))
    return x
