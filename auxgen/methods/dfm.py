"""GANs with denoising feature matching (Warde-Farley & Bengio, 2017, openreview.net S1X7nhsxl)."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from ..functional.schedules import Schedule, constant, cosine_decay
from ..method import Gradient, Moves, Step
from ..networks.batch_norm import freeze_running_statistics
from ..networks.gan import GANNetworks
from .gan import BaseGAN, FeatureGap


def noise_std(step: Tensor, sigma: float, annealed: int) -> Tensor:
    """sigma, or down half a cosine to 0 over `annealed` rounds, of which section 5 saw no gain."""
    return sigma * (cosine_decay(step, annealed) if annealed else constant(step))


@final
class DenoisingGAN(BaseGAN):
    """A GAN whose generated features are also drawn to what a denoiser r makes of them.

    r is trained on real features alone, corrupted by sigma; generated ones it gets as they are.
    """

    def __init__(
        self,
        *,
        p_z: nn.Module,
        networks: GANNetworks,
        r: nn.Module,
        gap: FeatureGap,
        adversarial: float,
        matching: float,
        denoising: float,
        sigma: Schedule,
    ) -> None:
        """denoising: n_h times the paper's lambda_denoise; sigma: of the noise, by the step."""
        super().__init__(
            p_z=p_z, networks=networks, gap=gap, adversarial=adversarial, matching=matching
        )
        self.r, self.denoising, self.sigma = r, denoising, sigma

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {**super().players(), "denoiser": (self.r,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """All three gradients at the same weights, then all three step (section 5)."""
        x_g, phi = self.sample(len(batch)), self.features(batch)
        yield self.compute_discriminator_gradient(phi, x_g)  # equation 1

        phi = phi.detach()
        corrupted = phi + self.sigma(step) * torch.randn_like(phi)
        restored = (phi - self.r(corrupted)).square().sum(1).mean()  # equation 5
        yield Gradient(restored, ("denoiser",), {"denoiser": restored})

        phi_g = self.extract_generated_features(x_g)
        with torch.no_grad(), freeze_running_statistics(self.r):
            target = self.r(phi_g)
        # the paper prints r(G(z)) and a stray bar; what is held constant is r(Phi(G(z)))
        denoising = (phi_g - target).square().sum(1).mean()
        loss, terms = self.compute_generator_loss(phi, phi_g)
        loss = loss + self.denoising / phi.shape[1] * denoising  # equation 4
        yield Gradient(loss, ("generator",), {**terms, "denoising": denoising})

        yield Step(("discriminator", "denoiser", "generator"))
