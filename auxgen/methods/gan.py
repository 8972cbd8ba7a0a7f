"""GANs (Goodfellow et al., 2014, arXiv:1406.2661) and feature matching (Salimans et al., 2016)."""

from collections.abc import Callable
from typing import final

import torch.nn.functional as F
from torch import Tensor, nn

from ..functional.precision import promote_to_float32
from ..method import Gradient, Method, Moves, Step
from ..networks.freezing import freeze_parameters, freeze_running_statistics
from ..networks.gan import GANNetworks

FeatureGap = Callable[[Tensor, Tensor], Tensor]
"""Phi(x) (b, n_h) and Phi(G(z)) (b, n_h) -> the distance between their averages, ()."""


def feature_matching_loss(phi: Tensor, phi_g: Tensor) -> Tensor:
    """|E Phi(x) - E Phi(G(z))|_2^2 (Salimans et al., section 3.1), over means of the batch."""
    return (phi.mean(0) - phi_g.mean(0)).square().sum()


def feature_matching_loss_l1(phi: Tensor, phi_g: Tensor) -> Tensor:
    """The mean absolute difference, as in the code of Salimans et al."""
    return (phi.mean(0) - phi_g.mean(0)).abs().mean()


class BaseGAN(Method):
    """x = G(z), z ~ p(z), against D(x) = d(Phi(x)): the common part of all GANs here.

    Real and generated rows are normalised apart, each by their own batch; running statistics are of
    real rows alone.
    """

    def __init__(
        self,
        *,
        p_z: nn.Module,
        networks: GANNetworks,
        gap: FeatureGap,
        adversarial: float,
        matching: float,
    ) -> None:
        """adversarial, matching: weights of -log D(G(z)) and of the gap in the generator's loss."""
        super().__init__()
        self.p_z, self.g, self.phi, self.d = p_z, networks.g, networks.phi, networks.d
        self.gap, self.adversarial, self.matching = gap, adversarial, matching

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"discriminator": (self.phi, self.d), "generator": (self.g,)}

    def compute_discriminator_gradient(self, phi: Tensor, x_g: Tensor) -> Gradient:
        """Mean of -log D(x) - log(1 - D(G(z))): phi (b, n_h), x_g (b, *event)."""
        with freeze_running_statistics(self.phi):
            fake = self.logit(self.features(x_g.detach()))
        loss = F.softplus(-self.logit(phi)).mean() + F.softplus(fake).mean()
        return Gradient(loss, ("discriminator",), {"discriminator": loss})

    def extract_generated_features(self, x_g: Tensor) -> Tensor:
        """Phi(G(z)) with Phi held fixed: x_g (b, *event) -> (b, n_h)."""
        with freeze_parameters(self.phi), freeze_running_statistics(self.phi):
            return self.features(x_g)

    def compute_generator_loss(
        self, phi: Tensor, phi_g: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's loss without denoising, and its terms: phi, phi_g (b, n_h)."""
        with freeze_parameters(self.d):
            adversarial = F.softplus(-self.logit(phi_g)).mean()
        matching = self.gap(phi.detach(), phi_g)
        loss = self.adversarial * adversarial + self.matching * matching
        return loss, {"adversarial": adversarial, "matching": matching}

    def features(self, x: Tensor) -> Tensor:
        """Phi(x): (b, *event) -> (b, n_h)."""
        return promote_to_float32(self.phi(x))

    def logit(self, phi: Tensor) -> Tensor:
        """Logit of D's probability that features phi (b, n_h) are real: -> (b, 1)."""
        return promote_to_float32(self.d(phi))

    def sample(self, n: int) -> Tensor:
        """G(z), z ~ p(z): -> (n, *event)."""
        return self.g(self.p_z().sample((n,)))


@final
class GAN(BaseGAN):
    """A GAN; with matching in place of the adversarial term, feature matching."""

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """Both gradients at the same weights, then a step of both."""
        x_g, phi = self.sample(len(batch)), self.features(batch)
        yield self.compute_discriminator_gradient(phi, x_g)
        loss, terms = self.compute_generator_loss(phi, self.extract_generated_features(x_g))
        yield Gradient(loss, ("generator",), terms)
        yield Step(("discriminator", "generator"))
