"""Discriminative regularisation of VAEs (Lamb, Dumoulin & Courville, 2016, arXiv:1602.03220)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import kl_divergence

from ..functional.precision import promote_to_float32
from ..method import Moves, descend
from ..networks.batch_norm import freeze_running_statistics
from ..networks.distributions import Conditional, FreeScaleNormal, StandardNormal
from .vae import BaseVAE


@final
class DiscriminativeVAE(BaseVAE):
    """A VAE whose reconstructions are to look like the rows to a classifier d, held fixed.

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
    ) -> None:
        """Maximises L_z + L_x + sum_l weight_l L_dl, eq. 4 with its first sign put right.

        Args:
            q_z: The encoder.
            p_z: N(0, I).
            p_x: The decoder.
            d: Images (b, c, h, w) -> activations (b, ...) by layer; see `networks.taps`.
            p_d: Of each layer, around d_l of a reconstruction.
            weights: Of each layer; 1 in the paper.
            encoder_grad: Whether the encoder learns from the classifier too (section 3).
        """
        super().__init__(q_z=q_z, p_z=p_z, p_x=p_x)
        self.d, self.layers, self.p_d = d, tuple(p_d), nn.ModuleList(p_d.values())
        self.weights, self.encoder_grad = dict(weights), encoder_grad

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

        unlike = self.feature_nll(x, p_x.mean if self.encoder_grad else self.decode_detached(z))
        told = sum((self.weights[layer] * u for layer, u in unlike.items()), torch.zeros_like(rate))
        terms = {f"unlike at {layer}": u for layer, u in unlike.items()}
        yield from descend(
            distortion + rate + told, "vae", distortion=distortion, rate=rate, **terms
        )

    def feature_nll(self, x: Tensor, mean: Tensor) -> dict[str, Tensor]:
        """-log p(d_l(x)|z), nats, mean over rows, by layer: x and the mean of p(x|z) alike."""
        with torch.no_grad():
            wanted = self.extract_activations(x)
        found = self.extract_activations(mean)
        each = zip(self.layers, self.p_d, strict=True)
        return {layer: -p_d(found[layer]).log_prob(wanted[layer]).mean() for layer, p_d in each}

    def extract_activations(self, x: Tensor) -> dict[str, Tensor]:
        """d_l(x) by layer: (b, c, h, w) -> (b, ...)."""
        return {layer: promote_to_float32(h) for layer, h in self.d(x).items()}

    def decode_detached(self, z: Tensor) -> Tensor:
        """The decoder's mean at codes through which no gradient flows back to the encoder."""
        with freeze_running_statistics(self.p_x):
            return self.p_x(z.detach()).mean
