"""GANs with denoising feature matching (Warde-Farley & Bengio, 2017, openreview.net S1X7nhsxl)."""

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn

from ..functional.schedules import Schedule, constant, cosine_decay
from ..method import Gradient, Moves, Step
from ..networks.freezing import freeze_running_statistics, use_running_statistics
from .gan import BaseGAN


def noise_std(step: Tensor, sigma: float, annealed: int) -> Tensor:
    """sigma, or half a cosine from it to 0 over `annealed` rounds, no gain in section 5."""
    return sigma * (cosine_decay(step, annealed) if annealed else constant(step))


Restore = Callable[[nn.Module, Tensor], Tensor]
"""(r, Phi(G(z)) (b, n_h)) -> where generated features are drawn to, (b, n_h)."""


def restore_by_batch(r: nn.Module, phi_g: Tensor) -> Tensor:
    """r with batch norm by the statistics of the generated rows themselves, as in the paper.

    These rows have no noise: for N(mu, s^2 I) of phi_g the best r is applied to
    mu + (s^2 + sigma^2)^(1/2) / s (phi_g - mu), which draws less than r(phi_g) would.
    """
    with freeze_running_statistics(r):
        return r(phi_g)


def restore_by_running_statistics(r: nn.Module, phi_g: Tensor) -> Tensor:
    """r with batch norm by the running statistics of what it learns from, noisy real rows."""
    with use_running_statistics(r):
        return r(phi_g)


@final
class DenoisingGAN(BaseGAN):
    """A GAN whose generated features are also drawn to their images under a denoiser r.

    r is trained on real features alone, with noise sigma; generated features get no noise.
    """

    def __init__(
        self,
        *,
        r: nn.Module,
        denoising: float,
        sigma: Schedule,
        restore: Restore = restore_by_batch,
        **game: Any,
    ) -> None:
        """Takes the arguments of `BaseGAN`, and those of the denoiser.

        denoising is n_h times the paper's lambda_denoise; sigma the scale of the noise, by step.
        """
        super().__init__(**game)
        self.r, self.denoising, self.sigma, self.restore = r, denoising, sigma, restore

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {**super().players(), "denoiser": (self.r,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """All three gradients at the same weights, then a step of all three (section 5)."""
        x_g, phi = self.sample(len(batch)), self.features(batch)
        yield self.compute_discriminator_gradient(phi, x_g)  # equation 1

        phi = phi.detach()
        corrupted = phi + self.sigma(step) * torch.randn_like(phi)
        restored = (phi - self.r(corrupted)).square().sum(1).mean()  # equation 5
        yield Gradient(restored, ("denoiser",), {"denoiser": restored})

        phi_g = self.extract_generated_features(x_g)
        with torch.no_grad():
            target = self.restore(self.r, phi_g)
        # the paper prints r(G(z)) and a stray bar; the constant is r(Phi(G(z)))
        denoising = (phi_g - target).square().sum(1).mean()
        loss, terms = self.compute_generator_loss(phi, phi_g)
        weighted = self.denoising / phi.shape[1] * denoising
        loss = loss + weighted  # equation 4
        terms = {**terms, "denoising": denoising}
        yield Gradient(loss, ("generator",), terms, {"denoising": weighted})

        yield Step(("discriminator", "denoiser", "generator"))
